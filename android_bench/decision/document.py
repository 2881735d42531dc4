"""What `facekp-bench decide --json` prints, every field with its unit."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from android_bench.records.phone import Milliseconds, Strict
from android_bench.records.record import Megabytes

SCHEMA: Final = "facekp-decision/1"
"""Version of the document. It changes when a field goes, or changes its meaning or unit."""


class DeviceFigures(Strict):
    """One file on one device; null: not measured, or not to be believed."""

    device: str = Field(description="machine, what of it computed, threads where they are not one")
    p50_ms: Milliseconds | None = Field(
        None, description="median of one run, ms; of CPU time where all records of the device have it"
    )
    p95_ms: Milliseconds | None = Field(None, description="95th percentile by the same clock, ms")
    first_ms: Milliseconds | None = Field(None, description="the first run after loading, ms")
    peak_memory_mb: Megabytes | None = Field(None, description="peak resident memory, MB of 10^6 bytes")
    throttled: bool | None = Field(None, description="the phone slowed down while it was measured")
    emulated: bool = Field(False, description="computed by an emulated processor: times mean nothing")
    parity_ok: bool | None = Field(
        None, description="whether the outputs agree with this computer's; null: not compared"
    )


class DecisionFile(Strict):
    """One model file, and what is known of it."""

    name: str = Field(description="name in the file's metadata; of a foreign file, the file's own")
    kind: str | None = Field(None, description="kind in the file's metadata, such as int8")
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="as in the records of measurements")
    bytes: int = Field(ge=0, description="size, its weights' files included")
    nme: float | None = Field(None, description="normalized mean error, percent; null: not known")
    nme_change: float | None = Field(None, description="change from the export's float file, percent of it")
    failures: float | None = Field(None, description="faces whose error exceeds 10 %, percent of faces")
    devices: list[DeviceFigures] = Field(default_factory=list, description="one a device that was measured")
    pareto: bool = Field(
        description="no other file is at least as good in NME, time and size, and better in one"
    )


class Decision(Strict):
    """All files, and the one to ship."""

    # `schema` itself is a method of every pydantic class, hence the alias.
    schema_: Literal["facekp-decision/1"] = Field(SCHEMA, alias="schema")
    files: list[DecisionFile]
    recommended: str | None = Field(
        description="SHA-256 of the file to ship; null: none lies within the limits"
    )
    reason: str = Field(description="why, in a sentence")

    def to_json(self) -> str:
        """The document as JSON text; `Decision.model_validate_json` reads it back."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"

"""One piece of what a measurement needs, as `facekp-bench doctor` reports it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FINDINGS_SCHEMA = "facekp-bench-doctor/1"

Readiness = Literal["ok", "note", "missing"]


@dataclass(frozen=True)
class Finding:
    """One piece. ok: there. note: not needed, or something to know. missing: a measurement would fail."""

    subject: str
    state: Readiness
    text: str

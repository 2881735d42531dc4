"""What a record says of a phone: its fingerprint, its state, the repeats, how its outputs agree.

Whatever a phone does not let one read is null.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Celsius = Annotated[float, Field(ge=-60, le=200, allow_inf_nan=False)]


class Strict(BaseModel):
    """The base of all that a record holds: no unknown field, no change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CoreCluster(Strict):
    """Cores of one kind, which share a highest frequency."""

    cpus: list[int] = Field(description="numbers of its cores, as taskset counts them")
    max_khz: int | None = Field(None, ge=1, description="highest frequency, kHz")
    part: str | None = Field(None, description="implementer and part id of its cores, as 0x51/0x804")
    core: str | None = Field(None, description="the name that goes with the part id, as Cortex-A76")


class Fingerprint(Strict):
    """Which phone it was."""

    manufacturer: str | None = Field(None, description="ro.product.manufacturer")
    model: str | None = Field(None, description="ro.product.model")
    device: str | None = Field(None, description="ro.product.device")
    chip: str | None = Field(
        None, description="name of the chip where it is known, else its model or platform"
    )
    soc_model: str | None = Field(None, description="ro.soc.model (Android 12 and later)")
    platform: str | None = Field(None, description="ro.board.platform")
    android: str | None = Field(None, description="Android's version, ro.build.version.release")
    api: int | None = Field(None, description="API level, ro.build.version.sdk")
    build: str | None = Field(None, description="ro.build.fingerprint")
    kernel: str | None = Field(None, description="release of the kernel")
    abis: list[str] = Field(default_factory=list, description="what it runs, the preferred first")
    page_bytes: int | None = Field(None, description="size of a memory page in bytes")
    memory_mb: float | None = Field(None, ge=0, description="main memory in MB of 10^6 bytes")
    cores: int | None = Field(None, ge=1, description="cores that the system has")
    clusters: list[CoreCluster] = Field(default_factory=list, description="the fastest first")

    @property
    def name(self) -> str:
        """Maker and model as people say them; many models begin with the maker's name already."""
        maker, model = self.manufacturer or "", self.model or ""
        both = model if model.lower().startswith(maker.lower()) and model else f"{maker} {model}"
        return both.strip() or "a phone"


class State(Strict):
    """The phone at one moment."""

    at: str = Field(description="when it was read: ISO 8601, UTC, this computer's clock")
    battery_percent: float | None = Field(None, ge=0, le=100, description="battery level")
    charging: str | None = Field(None, description="what feeds it: none, usb, ac, wireless or dock")
    temperature_c: Celsius | None = Field(None, description="the one that the gate looks at, degrees C")
    temperature_of: str | None = Field(None, description="what that is the temperature of")
    temperatures_c: dict[str, Celsius] = Field(
        default_factory=dict, description="all that can be read, degrees C"
    )
    thermal_status: int | None = Field(
        None, ge=0, description="Android's: 0 none, 1 light, 2 moderate, 3 severe, 4 critical and above"
    )
    governor: str | None = Field(None, description="frequency governor of the fastest cluster")
    frequencies_khz: dict[str, int] = Field(
        default_factory=dict, description="frequency of each core now, kHz"
    )
    limits_khz: dict[str, int] = Field(
        default_factory=dict, description="frequency that each core may reach now, kHz; heat lowers it"
    )
    screen: str | None = Field(None, description="awake, asleep, dozing or dreaming")
    load: float | None = Field(None, ge=0, description="runnable processes, mean of the last minute")
    asleep: list[int] = Field(default_factory=list, description="cores that are switched off just now")
    unknown: list[str] = Field(
        default_factory=list, description="what the phone tells and is not to be believed, in words"
    )


class RunnerFacts(Strict):
    """The program on the phone that measured."""

    name: str = Field(description="bionic, glibc, onnxruntime, official, app or browser")
    version: str | None = Field(None, description="its version")
    sha256: str | None = Field(None, description="SHA-256 of the program, as read on the phone")
    why: str = Field(description="why this one was taken")


class Repeat(Strict):
    """One of several times that the whole measurement was made, in a process of its own."""

    started: str = Field(description="ISO 8601, UTC")
    runs: int = Field(ge=0, description="timed runs")
    p50_ms: Milliseconds | None = Field(None, description="median of its samples, ms")
    first_ms: Milliseconds | None = Field(None, description="its first run after loading, ms")
    load_ms: Milliseconds | None = Field(None, description="loading the model and applying the delegate, ms")
    throttled: bool = Field(False, description="the phone slowed down meanwhile")
    attempts: int = Field(1, ge=1, description="how often it was tried, throttled attempts included")
    state: State | None = Field(None, description="the phone just after it")


class Parity(Strict):
    """How the phone's outputs agree with this computer's on the same inputs."""

    inputs: int = Field(ge=1, description="stored inputs that both computed")
    source: str = Field(description="what the inputs are: crops of the demo photo, or noise")
    reference: str = Field(description="runtime and version that computed on this computer")
    max_abs: float = Field(ge=0, allow_inf_nan=False, description="largest difference of an output")
    mean_px: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="mean difference in pixels of the crop; null: no keypoints",
    )
    tolerance: float = Field(ge=0, description="largest difference that is allowed")
    tolerance_px: float | None = Field(None, ge=0, description="mean difference that is allowed, pixels")
    ok: bool = Field(description="whether both are kept")


class CurvePoint(Strict):
    """One turn of a sustained measurement."""

    seconds: float = Field(ge=0, description="since the first turn's start")
    p50_ms: Milliseconds = Field(description="median of the turn's samples, ms")
    temperature_c: Celsius | None = Field(None, description="as in the state, degrees C")
    thermal_status: int | None = Field(None, ge=0, description="as in the state")
    frequency_khz: int | None = Field(None, ge=0, description="highest frequency among the cores used, kHz")

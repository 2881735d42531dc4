"""One measurement, every field with its unit, and the document that holds several of them.

The JSON Schema of the document (`facekp-bench schema`) is made from these classes. A record that
breaks a rule is kept and says why: its samples stay, its statistics are null, so that nobody
plots a number which is not believed.
"""

from __future__ import annotations

import os
import re
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator, model_validator

from android_bench.records.phone import (
    CurvePoint,
    Fingerprint,
    Milliseconds,
    Parity,
    Repeat,
    RunnerFacts,
    State,
    Strict,
)

SCHEMA: Final = "facekp-bench/1"
"""Version of the document. It changes when a field goes, or changes its meaning or unit."""

Megabytes = Annotated[float, Field(ge=0, allow_inf_nan=False)]


_ALL_BROWSERS = re.compile(
    r"^Mozilla/5\.0 |(?<=\)) AppleWebKit/\S+ \(KHTML, like Gecko\)|(?<=\)) Gecko/\S+|( Mobile)? Safari/\S+$"
)
"""What every browser says of itself, beside the system and its own name."""


class Machine(Strict):
    """What computed, and its state just before the measurement; null: it could not be read."""

    cpu: str = Field(description="model name of the processor")
    cores: int = Field(ge=1, description="logical cores that this process may run on")
    cpu_quota: float | None = Field(None, gt=0, description="cores' worth of time a container is granted")
    governor: str | None = Field(None, description="frequency governor of the first core")
    load: float | None = Field(
        None, ge=0, description="runnable processes before the start, mean of the last minute"
    )
    memory_mb: Megabytes | None = Field(None, description="main memory in MB of 10^6 bytes")
    flags: list[str] = Field(
        default_factory=list, description="instruction sets that matter to neural networks"
    )
    virtual: bool | None = Field(None, description="the processor is a virtual machine's")
    gpu: str | None = Field(default=None, description="the GPU that computed; null: the processor did")
    os: str = Field(description="system, release and architecture")
    python: str | None = Field(None, description="version of Python; null on a phone")

    @property
    def usable_cores(self) -> float:
        """How many cores' worth of time the process gets at most."""
        return self.cores if self.cpu_quota is None else min(self.cores, self.cpu_quota)


class Tensor(Strict):
    """An input of the model, as it was filled for the measurement."""

    name: str
    shape: list[int]
    dtype: str = Field(description="NumPy's name of the element type")


class Record(Strict):
    """One model file on one runtime with one number of threads. Times are of one call each."""

    model: str = Field(description="path of the model file, as it was given")
    name: str | None = Field(None, description="name in the file's facekp metadata; null: a foreign file")
    kind: str | None = Field(None, description="kind in the file's facekp metadata, such as int8")
    sha256: str = Field(
        pattern="^[0-9a-f]{64}$",
        description="SHA-256 of the file, or of its and its weights' files' SHA-256s",
    )
    bytes: int = Field(
        ge=0, description="size in bytes of the file, and of those beside it that hold its weights"
    )
    inputs: list[Tensor] = Field(default_factory=list, description="inputs as they were filled")

    runtime: str = Field(
        description="onnxruntime, litert, torch, tflite (a phone's TensorFlow Lite), or one of these on a GPU"
    )
    runtime_version: str | None = Field(None, description="version of the runtime's package")
    device: str = Field(
        "cpu", description="what computed: cpu or gpu is this computer's, adb a phone, browser a page"
    )
    delegate: str | None = Field(
        None, description="what of the phone computed: cpu, gpu or nnapi; of a page wasm or webgpu"
    )
    threads: int = Field(ge=1, description="threads that the runtime was given for one call")
    emulated: bool = Field(False, description="computed by an emulated processor: times mean nothing")
    machine: Machine
    started: str = Field(description="when the measurement began: ISO 8601, UTC")

    min_runs: int = Field(ge=1, description="runs that were asked for, at least")
    min_seconds: float = Field(ge=0, description="seconds inside timed runs that were asked for, at least")
    warmup_runs: int = Field(0, ge=0, description="runs after the first that were not timed")

    first_ms: Milliseconds | None = Field(None, description="the first run after loading, ms")
    samples_ms: list[Milliseconds] = Field(
        default_factory=list, description="every timed run in the order of time, ms"
    )
    cpu_samples_ms: list[Milliseconds] | None = Field(
        None,
        description="CPU time of every timed run, ms; null on phones and GPUs, above one thread, and where "
        "the system has no fine clock of it",
    )
    turn_runs: list[Annotated[int, Field(ge=1)]] | None = Field(
        None,
        description="how many of samples_ms each turn gave: the n-th turns of what was measured together lie "
        "side by side in time; null where nothing took turns",
    )
    cpu_p50_ms: Milliseconds | None = Field(
        None, description="median of cpu_samples_ms, ms: the figure that holds on a busy machine"
    )
    p50_ms: Milliseconds | None = Field(
        None,
        description="median of the samples, ms; this and the other statistics of the samples are null where "
        "other programs took so much of the core that only cpu_p50_ms holds",
    )
    p90_ms: Milliseconds | None = Field(None, description="90th percentile of the samples, ms")
    p95_ms: Milliseconds | None = Field(None, description="95th percentile of the samples, ms")
    mean_ms: Milliseconds | None = Field(None, description="mean of the samples, ms")
    std_ms: Milliseconds | None = Field(None, description="standard deviation (n - 1) of the samples, ms")
    min_ms: Milliseconds | None = Field(None, description="fastest sample, ms")
    max_ms: Milliseconds | None = Field(None, description="slowest sample, ms")
    outliers: int | None = Field(None, ge=0, description="samples over 10 robust deviations from the median")

    macs: int | None = Field(
        None, ge=0, description="multiply-accumulates of one call; null where the file does not tell"
    )
    peak_gmacs: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="10^9 multiply-accumulates a second of this machine's peak: a 1x1 convolution of 512 to "
        "512 channels at 32 x 32 in the same runtime, precision, threads and turns; null on phones and GPUs",
    )
    peak_share: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="macs / median time / that peak, by the same clock"
    )

    load_after: float | None = Field(
        None, ge=0, description="runnable processes of this computer after the last run, mean of a minute"
    )
    peak_memory_mb: Megabytes | None = Field(
        None,
        description="peak resident memory of the measuring process, interpreter and runtime included, MB",
    )
    memory_increase_mb: Megabytes | None = Field(
        None, description="that peak minus what was resident just before the model was loaded, MB"
    )

    serial: str | None = Field(None, description="the phone's serial, as adb names it")
    fingerprint: Fingerprint | None = Field(None, description="which phone it was")
    state_before: State | None = Field(None, description="the phone before the first run")
    state_after: State | None = Field(None, description="the phone after the last run")
    runner: RunnerFacts | None = Field(None, description="the program on the phone that measured")
    engine_sha256: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description="SHA-256 of the runtime's library, as read on the phone"
    )
    cpus: list[int] | None = Field(None, description="cores that the runner was to stay on; null: all")
    pinned: bool | None = Field(None, description="whether the phone let it stay there")
    load_ms: Milliseconds | None = Field(None, description="loading the model and applying the delegate, ms")
    delegated_nodes: tuple[int, int] | None = Field(
        None, description="nodes that the delegate took, of so many; null: no delegate, or it does not tell"
    )
    fixed_performance: bool = Field(
        False, description="Android's fixed performance mode was on: for comparisons, not for what users see"
    )
    repeats: list[Repeat] | None = Field(None, description="the repeats that samples_ms joins")
    agreement: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="spread of the repeats' p50: (max - min) / median, a share",
    )
    timed_runs: int | None = Field(
        None, ge=1, description="timed runs, where the runner hands out statistics and no samples"
    )
    parity: Parity | None = Field(None, description="how the outputs agree with this computer's")
    throttled: bool | None = Field(
        None, description="the phone slowed down while it was measured; null: too few runs to tell"
    )
    curve: list[CurvePoint] | None = Field(None, description="of a sustained measurement, turn by turn")

    valid: bool = Field(description="false: do not use the figures")
    invalid_reasons: list[str] = Field(default_factory=list, description="why it is not valid")
    warnings: list[str] = Field(default_factory=list, description="what may have disturbed it")

    @property
    def place(self) -> str:
        """The machine as another document's record of it names it, too: the serial, or what computes."""
        return self.serial or f"{self.machine.cpu}, {self.machine.cores} cores"

    @property
    def machine_name(self) -> str:
        """What people call it: the phone's name, or what computes."""
        if self.fingerprint:
            return self.fingerprint.name
        return _ALL_BROWSERS.sub("", self.machine.cpu) if self.device == "browser" else self.machine.cpu

    @field_validator("model")
    @classmethod
    def _is_text(cls, path: str) -> str:
        """A file's name may hold a byte that is no text, which JSON cannot carry: \\xff stands for it."""
        return os.fsencode(path).decode("utf-8", "backslashreplace")

    @model_validator(mode="after")
    def _believable(self) -> Record:
        """A valid record has figures and no reason against it; an invalid one the reverse."""
        always = (self.mean_ms, self.std_ms, self.min_ms, self.max_ms)
        of_samples = (self.p50_ms, self.p90_ms, self.p95_ms, self.outliers)
        statistics = (*always, *of_samples)
        if self.valid == bool(self.invalid_reasons):
            raise ValueError("a record is valid exactly when it has no invalid_reasons")
        if not self.valid and any(value is not None for value in (*statistics, self.cpu_p50_ms)):
            raise ValueError("an invalid record keeps its samples but has no statistics")
        if self.valid and self.parity is not None and not self.parity.ok:
            raise ValueError("a valid record's outputs agree with this computer's")
        # The official tool tells a mean and a count, and keeps the samples to itself.
        tells_samples = self.timed_runs is None
        figures = (*always, *(of_samples if tells_samples else ()))
        by_cpu = self.cpu_p50_ms is not None and all(value is None for value in statistics)
        runs = len(self.samples_ms) if self.timed_runs is None else self.timed_runs
        if self.valid and (self.first_ms is None or (None in figures and not by_cpu) or runs < self.min_runs):
            raise ValueError("a valid record has all its statistics and at least min_runs samples")
        if not tells_samples and self.samples_ms:
            raise ValueError("timed_runs is for runners that give no samples")
        if self.cpu_samples_ms is not None and len(self.cpu_samples_ms) != len(self.samples_ms):
            raise ValueError("cpu_samples_ms has one time for each of samples_ms")
        if self.turn_runs is not None and sum(self.turn_runs) != len(self.samples_ms):
            raise ValueError("turn_runs adds up to the number of samples_ms")
        if self.valid and (self.cpu_p50_ms is None) != (self.cpu_samples_ms is None):
            raise ValueError("a valid record has cpu_p50_ms exactly when it has cpu_samples_ms")
        return self


class Document(Strict):
    """What `--json` prints and `--out` writes."""

    # `schema` itself is a method of every pydantic class, hence the alias.
    schema_: Literal["facekp-bench/1"] = Field(SCHEMA, alias="schema")
    records: list[Record]

    def to_json(self) -> str:
        """The document as JSON text; `Document.model_validate_json` reads it back."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"

"""The time of a .tflite file, operator by operator, on one thread of this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from android_bench.defaults import TIMEOUT_SECONDS
from android_bench.engines.peak import PEAK_MACS
from android_bench.engines.weights import size_and_sha256
from android_bench.host.link import Worker, WorkerError
from android_bench.host.machine import describe_machine
from android_bench.records.record import Machine
from facekp_export.inference.layers import Kind, Layer, read_layers
from facekp_train.landmarks import Doubles

ROUNDS = 10
ADDS_UP = 0.03
"""By how much the operators' sum may miss the whole."""
SCHEMA = "facekp-bench-profile/1"

_COMMAND = (sys.executable, "-m", "android_bench.profiling.worker")
CLEAR = 2.0
"""Standard errors from which a time is one: below, the operator is too short to be told."""


@dataclass(frozen=True)
class OperatorTime:
    """One operator that runs with each call.

    Attributes:
        layer: its kind, shape, multiply-accumulates and bytes.
        ms: median difference of the file cut after it and the one cut before it, as a share of the whole
            file's time in that round; may fall below 0 by its error.
        error_ms: standard error of `ms`, from the spread of the differences.
        gmacs: 10^9 multiply-accumulates a second; None where it makes none, or `ms` is within twice its
            error.
        peak_share: of this machine's peak in the operator's numbers, or None as `gmacs`.
    """

    layer: Layer
    ms: float
    error_ms: float
    gmacs: float | None
    peak_share: float | None

    @property
    def kind(self) -> Kind:
        """Which peak of a processor bounds it: dense, depthwise or other."""
        return self.layer.kind

    @property
    def macs(self) -> int:
        """Multiply-accumulates of a call."""
        return self.layer.macs

    @property
    def bytes(self) -> int:
        """Of its constants and of what it reads and writes besides."""
        return self.layer.weight_bytes + self.layer.activation_bytes


@dataclass(frozen=True)
class Profile:
    """Where the time of one call goes; times in milliseconds.

    Attributes:
        model: path of the file.
        sha256: of the file.
        machine: that computed.
        runtime_version: of LiteRT.
        clock: cpu: CPU time of the thread; wall, where the system has no fine clock of it.
        rounds: over all operators.
        call_ms: a call that computes nothing.
        whole_ms: the whole file's median, measured in the same rounds.
        peak_gmacs: 10^9 multiply-accumulates a second of this machine's peak, by the operators' precision.
        operators: in the file's order.
    """

    model: str
    sha256: str
    machine: Machine
    runtime_version: str | None
    clock: Literal["cpu", "wall"]
    rounds: int
    call_ms: float
    whole_ms: float
    peak_gmacs: dict[str, float]
    operators: tuple[OperatorTime, ...]

    @property
    def sum_ms(self) -> float:
        """The call and all operators."""
        return self.call_ms + sum(operator.ms for operator in self.operators)

    @property
    def adds_up(self) -> bool:
        """Whether the sum is the whole within 3 %."""
        return abs(self.sum_ms / self.whole_ms - 1) <= ADDS_UP

    def document(self) -> dict[str, Any]:
        """All of it, as JSON."""
        operators = [
            asdict(each.layer)
            | {"ms": each.ms, "error_ms": each.error_ms, "gmacs": each.gmacs, "peak_share": each.peak_share}
            for each in self.operators
        ]
        return {
            "schema": SCHEMA, "model": self.model, "sha256": self.sha256,
            "machine": self.machine.model_dump(), "runtime_version": self.runtime_version,
            "clock": self.clock, "rounds": self.rounds,
            "call_ms": self.call_ms, "sum_ms": self.sum_ms, "whole_ms": self.whole_ms,
            "peak_gmacs": self.peak_gmacs, "operators": operators,
        }  # fmt: skip


def profile_model(
    path: Path,
    rounds: int = ROUNDS,
    timeout: float = TIMEOUT_SECONDS,
    progress: Callable[[float], None] | None = None,
) -> Profile:
    """Time the operators of a .tflite file with LiteRT, one thread.

    The file is cut after each of its operators; an operator's time is the difference between neighbors,
    whose calls take turns. Foreign files are taken too, whatever their inputs and outputs.

    Args:
        path: of the file.
        rounds: over all operators, 1 or more.
        timeout: seconds that a round may take.
        progress: told the share that is done, 0 to 1, between rounds.

    Raises:
        OSError: for a missing file.
        ValueError: for another kind of file, a damaged one, and one that cannot be run or cut.
    """
    if path.suffix.lower() != ".tflite":
        raise ValueError(f"{path}: a profile is made of a .tflite file")
    found = read_layers(path)
    machine = describe_machine()
    try:
        with Worker(_COMMAND) as worker:
            request = {"do": "open", "path": str(path.absolute()), "rounds": rounds}
            facts = worker.ask(request, timeout)
            share = 0.0
            while share < 1:
                if progress is not None:
                    progress(share)
                share = worker.ask({"do": "round"}, timeout)["done"]
            samples = worker.ask({"do": "samples"}, timeout)
    except WorkerError as error:
        raise ValueError(f"{path}: {str(error).removeprefix(f'{path.absolute()}: ')}") from None
    peaks = {name: PEAK_MACS / float(np.median(times)) for name, times in samples["peaks"].items()}
    operators = zip(found, samples["operators"], strict=True)
    whole_ms = float(np.median(samples["whole"])) / 1e6
    return Profile(
        str(path), size_and_sha256(path)[1], machine, facts["version"], facts["clock"], rounds,
        float(np.median(samples["call"])) * whole_ms, whole_ms, peaks,
        tuple(_timed(layer, whole_ms * np.array(shares), peaks) for layer, shares in operators),
    )  # fmt: skip


def _timed(layer: Layer, differences: Doubles, peaks: dict[str, float]) -> OperatorTime:
    """differences: in milliseconds, one a round."""
    ms = float(np.median(differences))
    low, high = np.percentile(differences, [25, 75])
    # Of the median of normal noise, whose standard deviation is the quartiles' distance over 1.349.
    error_ms = float(1.2533 * (high - low) / 1.349 / len(differences) ** 0.5)
    told = layer.macs > 0 and ms > CLEAR * error_ms
    gmacs = layer.macs / ms / 1e6 if told else None
    peak = peaks.get(layer.precision)
    return OperatorTime(layer, ms, error_ms, gmacs, gmacs / peak if gmacs and peak else None)

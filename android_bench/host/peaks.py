"""The peak of this machine beside the models: measured in the same turns, in their runtime and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from android_bench.engines.peak import PEAK_MACS, peak_file
from android_bench.engines.plan import Measurement
from android_bench.host.trial import HostTrial
from android_bench.records.record import Machine, Record
from android_bench.records.turns import time_ratio
from android_bench.timing import StopRule
from facekp_export.inference.layers import Precision

_ENOUGH = StopRule(50, 1.0)
"""Beyond it, more turns tell nothing new of a convolution of milliseconds."""


class Peaks:
    """The convolutions that a group of trials is compared with.

    Args:
        folder: where their files may be written.
        rule: of the trials; none of theirs takes longer than a second.
        timeout: as of `HostTrial`.
    """

    def __init__(self, folder: Path, rule: StopRule, timeout: float) -> None:
        self._folder, self._timeout = folder, timeout
        self._rule = StopRule(
            min(rule.min_runs, _ENOUGH.min_runs), min(rule.min_seconds, _ENOUGH.min_seconds)
        )
        self._peaks: dict[HostTrial, HostTrial] = {}

    def beside(self, trials: Sequence[HostTrial]) -> list[HostTrial]:
        """The trials of the convolutions that these need: one a runtime, precision and number of threads."""
        made: dict[tuple[str, int, Precision], HostTrial] = {}
        for trial in trials:
            if (precision := trial.precision) is None:
                continue
            measurement = trial.measurement
            key = measurement.engine.name, measurement.threads, precision
            if key not in made:
                found = peak_file(self._folder, measurement.engine, precision)
                if found is None:
                    continue
                path, engine = found
                made[key] = HostTrial(
                    Measurement(path, engine, measurement.threads), self._rule, self._timeout
                )
            self._peaks[trial] = made[key]
        return list(made.values())

    def record(self, trial: HostTrial, machine: Machine, cause: str = "") -> Record:
        """The trial's record with its share of the peak, where both are known."""
        record, macs = trial.record(machine, cause), trial.macs
        peak = self._peaks.get(trial)
        if macs is None:
            return record
        figures: dict[str, float] = {"macs": macs}
        if peak is not None:
            of_peak = peak.record(machine)
            share = time_ratio(of_peak, record)
            own_ms = record.cpu_p50_ms or record.p50_ms
            if share and own_ms:
                figures |= {"peak_gmacs": PEAK_MACS / (own_ms * share) / 1e6}
                figures |= {"peak_share": macs / PEAK_MACS * share}
        return record.model_copy(update=figures)

"""Files and what is known of them: measurements by SHA-256, on devices that have names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from android_bench.decision.accuracy import Accuracy
from android_bench.decision.choose import Figures
from android_bench.engines.engines import EXPORTED, identity
from android_bench.engines.plan import plan
from android_bench.engines.weights import size_and_sha256
from android_bench.records.record import Record
from android_bench.reports.clock import Clock, middle_by, shared_clock
from android_bench.reports.names import shortest_ends


@dataclass(frozen=True)
class Sourced:
    """A record, and where it comes from in words."""

    record: Record
    source: str


@dataclass(frozen=True)
class OnDevice:
    """The record that counts for one file on one device. machine: the device without its configuration."""

    record: Record
    source: str
    device: str
    machine: str
    clock: Clock

    @property
    def time_ms(self) -> float | None:
        """What the choice goes by; None where it is not to be believed."""
        usable = self.record.valid and not self.record.emulated
        return middle_by(self.record, self.clock) if usable else None


@dataclass
class Candidate:
    """One model file of an export, and what is known of it.

    Attributes:
        path: the file; `label` is as much of it as tells it from the others.
        name, kind: of its metadata; a foreign file has its own name and no kind.
        sha256, bytes: as in a record of it.
        on: where it was measured.
        accuracy: None where it is not known; `problem` says why where a measurement failed.
        copies: other places of the same file, such as another export's.
    """

    path: Path
    label: str
    name: str
    kind: str | None
    sha256: str
    bytes: int
    on: list[OnDevice] = field(default_factory=list)
    accuracy: Accuracy | None = None
    problem: str | None = None
    copies: list[Path] = field(default_factory=list)

    @property
    def folders(self) -> list[Path]:
        """The exports that hold it, that of `path` first."""
        return [place.parent for place in (self.path, *self.copies)]

    def figures(self) -> Figures:
        """What counts of it."""
        times: dict[str, float] = {}
        for each in self.on:
            if (time := each.time_ms) is not None:
                times[each.machine] = min(time, times.get(each.machine, time))
        nme = None if self.accuracy is None else self.accuracy.nme
        return Figures(self.sha256, self.bytes, nme, times)


def find_candidates(paths: Sequence[Path]) -> list[Candidate]:
    """The exported files at the paths, each SHA-256 once. Raises UserError as `plan` does."""
    files = [each.path for each in plan(paths, (1,), EXPORTED)]
    found: dict[str, Candidate] = {}
    for path, label in zip(files, shortest_ends([str(path) for path in files]), strict=True):
        size, sha256 = size_and_sha256(path)
        if sha256 in found:
            found[sha256].copies.append(path)
            continue
        name, kind = identity(path)
        found[sha256] = Candidate(path, label, name or path.name, kind, sha256, size)
    return list(found.values())


def join(candidates: Sequence[Candidate], records: Iterable[Sourced]) -> list[str]:
    """Give each file the record that counts on each device: a valid one, and of those the newest.

    Returns:
        Notes on what belongs to no file, or stands behind a newer record.
    """
    by_sha256 = {candidate.sha256: candidate for candidate in candidates}
    every = list(records)
    ours = [each for each in every if each.record.sha256 in by_sha256]
    groups: dict[tuple[str, str], list[Sourced]] = defaultdict(list)
    names = device_names([each.record for each in ours])
    for each, (device, _) in zip(ours, names, strict=True):
        groups[each.record.sha256, device].append(each)
    machines = dict(names)
    clocks: dict[str, Clock] = {
        device: shared_clock(
            each.record
            for (_, d), group in groups.items()
            if d == device
            for each in group
            if each.record.valid
        )
        for device in machines
    }
    for (sha256, device), group in groups.items():
        best = max(group, key=lambda each: _worth(each.record))
        by_sha256[sha256].on.append(
            OnDevice(best.record, best.source, device, machines[device], clocks[device])
        )
    return list(_notes(len(every) - len(ours), len(ours) - len(groups)))


def _worth(record: Record) -> tuple[bool, bool, str]:
    return record.valid, not record.emulated, record.started


def _notes(foreign: int, older: int) -> Iterator[str]:
    if foreign:
        yield f"left out: records of other files ({foreign})"
    if older:
        yield f"left out: records behind a newer or a valid one of the same file on the same device ({older})"


def device_names(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Each record's device and machine in words, such as ("Acme One, gpu", "Acme One")."""
    simple = {record.place: record.machine_name for record in records}
    doubled = {name for name, count in Counter(simple.values()).items() if count > 1}
    machines = {place: f"{name} ({place})" if name in doubled else name for place, name in simple.items()}
    runtimes: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for record in records:
        runtimes[record.sha256, record.place, _configuration(record)].add(_runtime(record))
    several = {key[1:] for key, names in runtimes.items() if len(names) > 1}
    found = []
    for record in records:
        configuration, machine = _configuration(record), machines[record.place]
        parts = [machine, configuration]
        if (record.place, configuration) in several:
            parts.append(_runtime(record))
        found.append((", ".join(part for part in parts if part), machine))
    return found


def _configuration(record: Record) -> str:
    """What of the machine computed, and how; nothing for one thread of a computer's processor."""
    parts = [record.delegate or (record.machine.gpu or "gpu" if record.device == "gpu" else "")]
    parts.append(f"{record.threads} threads" if record.threads > 1 else "")
    parts.append("fixed performance" if record.fixed_performance else "")
    parts.append("sustained" if record.curve else "")
    return ", ".join(part for part in parts if part)


def _runtime(record: Record) -> str:
    return record.runtime if record.runner is None else f"{record.runtime} {record.runner.name}"


def deciding_machines(candidates: Sequence[Candidate]) -> tuple[list[str], bool]:
    """The machines whose times decide, and whether they are phones: all phones, or else all others."""
    usable = [each for candidate in candidates for each in candidate.on if each.time_ms is not None]
    phones = list(dict.fromkeys(each.machine for each in usable if each.record.device == "adb"))
    return phones or list(dict.fromkeys(each.machine for each in usable)), bool(phones)

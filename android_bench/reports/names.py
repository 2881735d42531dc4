"""What stands for a model, a runtime, a machine and a number in a table of records."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePath

from android_bench.records.record import Record
from facekp_train.metadata import is_untrained_name, untrained_name


def rounded(value: float | None, most_decimals: int = 6) -> str:
    """Three significant digits, written out (0.466, 27.6, 1280); "-" for None."""
    if value is None:
        return "-"
    decimals = 2 if value <= 0 else 2 - math.floor(math.log10(value))
    return f"{value:.{min(max(decimals, 0), most_decimals)}f}"


def shortest_ends(paths: Sequence[str]) -> list[str]:
    """The shortest end of each path that tells it from the others, of equally many parts each."""
    parts = {path: PurePath(path).parts for path in paths}
    ends = dict.fromkeys(parts, "")
    for length in range(1, max(map(len, parts.values()), default=0) + 1):
        ends = {path: "/".join(words[-length:]) for path, words in parts.items()}
        if len(set(ends.values())) == len(ends):
            break
    return [ends[path] for path in paths]


def labels(records: Sequence[Record]) -> list[str]:
    """The shortest end of each model's path that tells it from the others; random weights are marked."""
    ends = shortest_ends([record.model for record in records])
    return [
        untrained_name(end) if is_untrained_name(record.name) else end
        for end, record in zip(ends, records, strict=True)
    ]


def runtimes(records: Sequence[Record]) -> list[str]:
    """Each record's runtime; with the runner or else the version that tells it from others of its name."""
    runners, versions = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for record in records:
        runners[record.runtime] |= {record.runner.name} if record.runner else set()
        # A measurement that failed may not know its engine's version.
        versions[record.runtime] |= {record.runtime_version} if record.runtime_version else set()
    texts = []
    for record in records:
        by_runner, by_version = len(runners[record.runtime]) > 1, len(versions[record.runtime]) > 1
        mark = record.runner and record.runner.name if by_runner else by_version and record.runtime_version
        texts.append(f"{record.runtime} {mark}" if mark else record.runtime)
    return texts


def letters_of(records: Sequence[Record]) -> dict[str, str]:
    """A, B, ... for the lines that describe the machines; beyond Z numbers."""
    lines = dict.fromkeys(machine_line(record) for record in records)
    return {line: chr(ord("A") + n) if n < 26 else str(n + 1) for n, line in enumerate(lines)}


def machines(records: Sequence[Record]) -> list[str]:
    """Each machine in one line, with the letter that stands for it where there are several."""
    letters = letters_of(records)
    return [line if len(letters) == 1 else f"{letter}: {line}" for line, letter in letters.items()]


def machine_line(record: Record) -> str:
    """A machine and its state in one line."""
    machine, phone = record.machine, record.fingerprint
    quota = "" if machine.cpu_quota is None else f" ({machine.cpu_quota:g} granted)"
    kind = ", virtual machine" if machine.virtual else ""
    kind += ", emulated" if record.emulated else ""
    parts = [
        f"{machine.cpu}, {machine.cores} cores{quota}{kind}",
        f"governor {machine.governor or 'unknown'}",
    ]
    if phone is not None:
        parts.insert(0, phone.name)
    serial = "" if record.serial is None else f", serial {record.serial}"
    return ", ".join([*parts, machine.os]) + serial

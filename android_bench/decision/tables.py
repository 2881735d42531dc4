"""A decision as a table: in a terminal, in Markdown, and the cells that the page shows, too."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from android_bench.decision.decide import Decided
from android_bench.decision.document import DecisionFile, DeviceFigures
from android_bench.decision.join import Candidate, OnDevice
from android_bench.reports.names import rounded
from android_bench.reports.tables import p50_text, terminal_table
from facekp_train.common.console import escaped, plain
from facekp_train.common.markdown import markdown_table

HEADERS = (
    "no", "file", "kind", "front", "MB", "NME %", "change %", "failures %", "device", "p50 ms", "p95 ms",
    "first ms", "peak MB", "parity", "heat",
)  # fmt: skip
TEXTS = ("file", "kind", "device", "parity", "heat", "front")
"""Columns that hold words."""


def rows(decided: Decided) -> tuple[list[str], list[tuple[str, ...]]]:
    """Headers and cells, a line for each file on each device.

    A file's own figures stand in its first line. Columns of which nothing is known are left out, and so is
    the device where there is one: `basis` names it.
    """
    every = _all_cells(decided)
    alone = len(_devices(decided)) == 1
    kept = [
        place
        for place, header in enumerate(HEADERS)
        if any(line[place] not in ("", "-") for line in every) and not (alone and header == "device")
    ]
    return [HEADERS[place] for place in kept], [tuple(line[place] for place in kept) for line in every]


def _all_cells(decided: Decided) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = []
    files = zip(decided.candidates, decided.document.files, strict=True)
    for number, (candidate, file) in enumerate(files, 1):
        mark = "ships" if file.sha256 == decided.document.recommended else "front" if file.pareto else ""
        own = _own(number, candidate, file, mark)
        devices = zip(candidate.on, file.devices, strict=True)
        rest = [_on_device(on, device) for on, device in devices] or [("-",) * 7]
        lines += [(*(own if place == 0 else ("",) * len(own)), *line) for place, line in enumerate(rest)]
    return lines


def _own(number: int, candidate: Candidate, file: DecisionFile, mark: str) -> tuple[str, ...]:
    return (
        str(number),
        candidate.label,
        file.kind or "-",
        mark,
        rounded(file.bytes / 1e6, most_decimals=4),
        "-" if file.nme is None else f"{file.nme:.3f}",
        "-" if file.nme_change is None else f"{round(file.nme_change, 2) + 0.0:+.2f}",
        "-" if file.failures is None else f"{file.failures:.2f}",
    )


def _on_device(on: OnDevice, device: DeviceFigures) -> tuple[str, ...]:
    valid = on.record.valid
    time = None if device.p50_ms is None else rounded(device.p50_ms) + " emulated" * device.emulated
    return (
        device.device,
        (time or p50_text(on.record)) if valid else "invalid",
        rounded(device.p95_ms),
        rounded(device.first_ms),
        rounded(device.peak_memory_mb, most_decimals=1),
        {None: "-", True: "ok", False: "differs"}[device.parity_ok],
        {None: "-", True: "throttled", False: "steady"}[device.throttled],
    )


def basis(decided: Decided) -> list[str]:
    """What the figures are of, for all files alike."""
    of = dict.fromkeys(c.accuracy.basis for c in decided.candidates if c.accuracy is not None)
    lines = [f"NME: {text}" for text in of]
    clocks = _devices(decided)
    cpu = [device for device, clock in clocks.items() if clock == "cpu"]
    if cpu:
        lines.append(f"times are CPU time on {', '.join(cpu)}")
    elif len(clocks) == 1:
        lines.append(f"times are on {', '.join(clocks)}")
    return lines


def _devices(decided: Decided) -> dict[str, str]:
    """The clock by which each device's times are told."""
    return {on.device: on.clock for candidate in decided.candidates for on in candidate.on}


def terminal(decided: Decided) -> RenderableType:
    """The table with the answer above and remarks below."""
    headers, lines = rows(decided)
    table = terminal_table(headers, TEXTS, wrapping=("file", "device"))
    best = decided.document.recommended
    style = None
    by_number = {str(n): file.sha256 for n, file in enumerate(decided.document.files, 1)}
    for line in lines:
        if line[0]:
            style = "green" if by_number[line[0]] == best else None
        table.add_row(*(Text(plain(cell)) for cell in line), style=style)
    below = [Text(plain(line)) for line in (*basis(decided), *decided.notes)]
    return Group(Text(plain(decided.document.reason), style="bold"), Text(), table, Text(), *below)


def markdown(decided: Decided) -> str:
    """A GitHub-flavored table, with the answer above and remarks below."""
    headers, cells = rows(decided)
    lines = [
        f"**{escaped(decided.document.reason)}**",
        "",
        markdown_table(headers, [[*map(escaped, line)] for line in cells], words=TEXTS),
        "",
        *(f"- {escaped(line)}" for line in (*basis(decided), *decided.notes)),
    ]
    return "\n".join(lines) + "\n"

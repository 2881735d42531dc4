"""Records as a picture: a bar for the median of each, a line up to its 95th percentile, curves of heat."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from android_bench.records.record import Record
from android_bench.reports.clock import NAMES, Clock, middle_by, p50_by, p95_by, shared_clock
from android_bench.reports.names import labels, machines, rounded, runtimes
from android_bench.reports.tables import p50_text
from facekp_train.common.console import UserError, plain, require
from facekp_train.common.files import written_aside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".png", ".svg", ".pdf")
MOST_BARS = 120
"""More cannot be read, and make a picture larger than programs open."""
_COLORS = ("#4c72b0", "#dd8452", "#55a868", "#c44e52", "#8172b3", "#937860")
_NO_FIGURE = "#999999"
_FURTHEST = 2.0
"""Times the largest median, to which a panel reaches; lines beyond end in an arrow."""


def check_plot(target: Path) -> None:
    """Raises UserError, before anything is read, for a picture that cannot be made or put there."""
    if target.suffix.lower() not in SUFFIXES:
        raise UserError(f"{target}: a picture ends in {', '.join(SUFFIXES)}")
    if target.is_dir():
        raise UserError(f"{target} is a folder; name a file in it")
    require("train", "matplotlib")


def plot(target: Path, records: Sequence[Record]) -> None:
    """One panel of bars a machine, and one of curves where there are sustained measurements.

    An invalid record has no bar, a curve as far as it goes, and says so; an emulated one is hatched and
    stamped. The suffix chooses the format. Raises UserError for more records than can be read, OSError
    where the picture cannot be written.
    """
    check_plot(target)
    if len(records) > MOST_BARS:
        raise UserError(f"a picture shows {MOST_BARS} records at most, not {len(records)}; name fewer files")
    from matplotlib.figure import Figure

    panels = _panels(records)
    curved = [record for record in records if record.curve]
    heights = [1.2 + 0.32 * len(group) for _, group in panels] + [3.5] * bool(curved)
    figure = Figure(figsize=(9, sum(heights)), layout="constrained")
    axes = figure.subplots(len(heights), squeeze=False, height_ratios=heights)[:, 0]
    colors = {name: _COLORS[n % len(_COLORS)] for n, name in enumerate(dict.fromkeys(map(_engine, records)))}
    for area, (machine, group) in zip(axes, panels, strict=False):
        _bars(area, machine, group, colors)
    if curved:
        _curves(axes[-1], curved)
    with written_aside(target) as aside, warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes; the table has it in full.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(aside, dpi=150)


def _panels(records: Sequence[Record]) -> list[tuple[str, list[Record]]]:
    """Records by the line that describes their machine."""
    lines = [machines([record])[0] for record in records]
    return [
        (line, [record for record, its in zip(records, lines, strict=True) if its == line])
        for line in dict.fromkeys(lines)
    ]


def _engine(record: Record) -> str:
    return record.runtime if record.delegate is None else f"{record.runtime} {record.delegate}"


def _names(records: Sequence[Record]) -> list[str]:
    """What tells each record's bar or line from the others."""
    texts = zip(labels(records), runtimes(records), records, strict=True)
    return [
        f"{label} · {runtime}{f' {record.delegate}' if record.delegate else ''}"
        for label, runtime, record in texts
    ]


def _bars(area: Axes, machine: str, group: Sequence[Record], colors: dict[str, str]) -> None:
    clock = shared_clock(record for record in group if record.valid)
    # On a restless machine p95 is many times p50, and would leave nothing of the bars.
    limit = max([_FURTHEST * _middle(record, clock) for record in group] + [1e-9])
    limit = min(limit, max(_top(record, clock) for record in group) or limit)
    for row, record in enumerate(group):
        middle, top = _middle(record, clock), _top(record, clock)
        area.barh(
            row, middle, color=_NO_FIGURE if record.emulated else colors[_engine(record)],
            hatch="///" if record.emulated else None, edgecolor="white",
        )  # fmt: skip
        if p95_by(record, clock) is not None:
            ends = {"marker": ">" if top > limit else "|", "markevery": [1], "markersize": 5}
            area.plot([middle, min(top, limit)], [row, row], color="0.25", linewidth=1, **ends)
        area.text(
            min(top, limit) + 0.015 * limit, row, _figure_text(record, clock), va="center", fontsize=8,
            color="#c00000" if not record.valid or record.emulated else "black",
        )  # fmt: skip
    names = [
        f"{name} · {record.threads} thread{'s' * (record.threads > 1)}"
        for name, record in zip(_names(group), group, strict=True)
    ]
    area.set_yticks(range(len(names)), list(map(literal, names)), fontsize=8)
    area.invert_yaxis()
    area.set(xlim=(0, 1.3 * limit), xlabel=f"ms of {NAMES[clock]}: bar p50, line to p95 (p50 / p95)")
    area.set_title(literal(machine), fontsize=8, loc="left", wrap=True)
    area.grid(axis="x", alpha=0.3)
    area.set_axisbelow(True)


def _middle(record: Record, clock: Clock) -> float:
    return middle_by(record, clock) or 0.0


def _figure_text(record: Record, clock: Clock) -> str:
    middle, p95 = p50_by(record, clock), p95_by(record, clock)
    by_wall = clock == "wall" or not record.valid or middle is None
    text = p50_text(record) if by_wall else rounded(middle)
    return text if p95 is None else f"{text} / {rounded(p95)}"


def _top(record: Record, clock: Clock) -> float:
    return max(_middle(record, clock), p95_by(record, clock) or 0.0)


def _curves(area: Axes, records: Sequence[Record]) -> None:
    for name, record in zip(_names(records), records, strict=True):
        curve = record.curve or []
        text = f"{name}{' (emulated)' if record.emulated else ''}{'' if record.valid else ' (invalid)'}"
        style: dict[str, Any] = {"linestyle": "--" if record.emulated else "-"}
        minutes = [point.seconds / 60 for point in curve]
        area.plot(minutes, [point.p50_ms for point in curve], marker=".", label=literal(text), **style)
    warmest = [p.temperature_c for r in records for p in r.curve or [] if p.temperature_c is not None]
    heat = f", up to {rounded(max(warmest))} °C" if warmest else ""
    area.set(xlabel="minutes since the start", ylabel=f"p50 of a turn, ms{heat}", ylim=(0, None))
    area.grid(alpha=0.3)
    area.legend(fontsize=8, frameon=False)


def literal(text: str) -> str:
    """Text that is drawn as it is: a dollar sign would begin a formula, and some formulas raise."""
    return plain(text)[:160].replace("$", r"\$")

"""Table 5 for readers: the part of TABLES.md, and the picture of error against time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from android_bench.records.record import Machine
from android_bench.reports.names import rounded
from benchmarks.systems.rows import OURS, Row, fastest, time_of
from facekp_train.common.console import out, require
from facekp_train.common.markdown import markdown_table
from facekp_train.evaluation.published import PAPER, processors, published_systems

PICTURE = "results/pareto.png"
_PRECISIONS = ("float32", "int8")
_SIZES = """\
Published megabytes that the layers do not give: PFLD's (12.5 and 2.1) are not those of its table; LAB's
(50.7) are its boundary estimator alone (51.4), without the regressor; SAN's second figure (528) equals an
ImageNet VGG-16 with its dense layers, which the net does not need, its first is not reproduced. SDM's are
49 points in float32; here 68 in float16. Of SDM no multiplications of its descriptors are counted.

Without an error: weights are random (SAN, LAB, ResNet-50 and every PFLD that has no trained file here), on
which a net's time does not depend; or it was not measured (FACEKP_DATA=FOLDER measures it)."""
_INTRODUCTION = """\
`python benchmarks/table5.py` on: {where}.
Files of one runtime took turns in one run. One thread is timed by the median CPU time of a run (PyTorch,
OpenVINO, SDM: the process's), which holds on a busy machine too; two threads by the wall, left empty where
other programs had the cores. NME: inter-pupil, in %, over MTFL's validation list (3,466 faces, five points
placed by hand, listed boxes, one refinement; dlib: one look, since a second one around its own answer errs
by 7.03). The paper's: {paper}, table 5, ms on {processors}."""
_RATIOS = """\
*of 0.25X*: over our 0.25X of the same precision, runtime (LiteRT where ours has none) and threads, the
median over turns that lay side by side; the paper's: over its own 0.25X, on C."""


def markdown(rows: Sequence[Row], machine: Machine) -> str:
    """The part of the page: sizes and errors of the systems, then every time."""
    where = f"{machine.cpu}, {machine.cores} cores, load {rounded(machine.load)}"
    letters = ", ".join(f"{letter} {name}" for letter, name in processors().items())
    text = [
        "## Table 5: systems",
        _INTRODUCTION.format(where=where, paper=PAPER, processors=letters),
        "### Sizes and errors",
        markdown_table(_SIZE_HEADERS, _size_lines(rows), words=_SIZE_HEADERS[:2]),
        _SIZES,
        f"![Error against time; larger marks are larger files]({PICTURE})",
        "### Times",
        _RATIOS,
        markdown_table(_TIME_HEADERS, _time_lines(rows), words=_TIME_HEADERS[:3]),
    ]
    lacking = [f"- {row.system}: {row.reason}" for row in rows if row.runtime is None and row.reason]
    if lacking:
        text += ["Not measured:", "\n".join(lacking)]
    return "\n\n".join(text) + "\n"


_SIZE_HEADERS = (
    "system", "reading", "M parameters", "M MACs", "MB float32", "MB int8", "MB the paper", "NME float32",
    "NME int8", "ms the paper",
)  # fmt: skip


def _size_lines(rows: Sequence[Row]) -> list[list[str]]:
    published = published_systems()
    lines = []
    for system in dict.fromkeys(row.system for row in rows):
        best = [fastest(rows, system, precision) for precision in _PRECISIONS]
        known = next((row for row in best if row), None)
        stated = published.get(system)
        times = [f"{letter} {rounded(ms)}" for letter, ms in stated.milliseconds.items()] if stated else []
        lines.append(
            [
                system,
                (known and known.reading) or "",
                *(_millions(known and count) for count in (known and known.parameters, known and known.macs)),
                *(_millions(row and row.size_bytes) for row in best),
                rounded(stated and stated.megabytes),
                *(rounded(row and row.nme) for row in best),
                ", ".join(times) or "-",
            ]
        )
    return lines


def _millions(count: int | None) -> str:
    return rounded(None if count is None else count / 1e6)


_TIME_HEADERS = (
    "system", "precision", "runtime", "ms, 1 thread", "of 0.25X", "ms, 2 threads", "share of the peak",
    "the paper, of 0.25X",
)  # fmt: skip


def _time_lines(rows: Sequence[Row]) -> list[list[str]]:
    lines = []
    for key in dict.fromkeys((row.system, row.precision, row.runtime) for row in rows if row.runtime):
        own = {row.threads: row for row in rows if (row.system, row.precision, row.runtime) == key}
        one, two = own.get(1), own.get(2)
        lines.append(
            [
                *map(str, key),
                rounded(one and time_of(one)),
                rounded(one and one.ratio),
                rounded(two and time_of(two)),
                "-" if one is None or one.peak_share is None else f"{one.peak_share:.0%}",
                rounded(paper_ratio(str(key[0]))),
            ]
        )
    return lines


def paper_ratio(system: str) -> float | None:
    """The paper's time of a system over that of its 0.25X, on its CPU; None where it gives none."""
    published = published_systems()
    own = published[system].milliseconds.get("C") if system in published else None
    return own / published[OURS].milliseconds["C"] if own else None


def print_rows(rows: Sequence[Row]) -> None:
    """The rows in short, on stdout."""
    table = Table("system", "precision", "runtime", "threads", "ms", "of 0.25X", "MB", "NME %", "")
    for row in rows:
        figures = (time_of(row), row.ratio, row.size_bytes and row.size_bytes / 1e6, row.nme)
        threads = str(row.threads or "")
        table.add_row(row.system, row.precision, row.runtime, threads, *map(rounded, figures), row.reason)
    out.print(table)


def draw(rows: Sequence[Row], target: Path) -> None:
    """The picture: error against time on one thread, marks by size of file, the front that nothing beats.

    Systems without an error stand at the upper edge.
    """
    require("train", "matplotlib")
    from matplotlib.figure import Figure
    from matplotlib.ticker import MultipleLocator

    figure = Figure((9, 5.5), layout="constrained")
    axes = figure.subplots()
    points = _points(rows)
    top = max((nme for _, _, _, nme, _ in points if nme is not None), default=10.0) * 1.15
    for name, precision, milliseconds, nme, megabytes in sorted(points, key=lambda point: -point[4]):
        color = "tab:blue" if precision == "float32" else "tab:orange"
        at = (milliseconds, top if nme is None else nme)
        if nme is None:
            axes.plot(*at, "|", color=color, markersize=12)
        else:
            axes.scatter(*at, s=20 + 40 * megabytes**0.5, color=color, alpha=0.5)
        # Both files of a net lie close together: one's name stands above, the other's below.
        side = (4, -12) if nme and precision == "int8" else (4, 5)
        axes.annotate(
            name, at, xytext=side, textcoords="offset points", fontsize=8, rotation=0 if nme else 60
        )
    front = pareto([(ms, nme) for _, _, ms, nme, _ in points if nme is not None])
    if front:
        axes.step(*zip(*front, strict=True), where="post", color="gray", linewidth=0.8)
    for precision, color in zip(_PRECISIONS, ("tab:blue", "tab:orange"), strict=True):
        axes.scatter([], [], color=color, alpha=0.5, label=precision)
    axes.plot([], [], "|", color="gray", label="no error known: time alone")
    axes.legend(loc="center right")
    axes.set_xscale("log")
    axes.set_xlabel("ms of CPU time a face, one thread, the fastest runtime")
    axes.set_ylabel("NME, inter-pupil, % (MTFL validation)")
    axes.set_yscale("log")
    axes.set_ylim(top=top * 1.2)
    axes.yaxis.set_major_locator(MultipleLocator(1.0))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.grid(alpha=0.3)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(str(target), dpi=110)


Point = tuple[str, str, float, "float | None", float]


def _points(rows: Sequence[Row]) -> list[Point]:
    """Name, precision, milliseconds, error and megabytes of what was timed; other readings left out."""
    found: list[Point] = []
    for system in dict.fromkeys(row.system for row in rows):
        for precision in _PRECISIONS:
            row = fastest(rows, system, precision)
            if row is None or system.endswith("-b"):
                continue
            milliseconds = time_of(row)
            assert milliseconds is not None
            found.append((system, precision, milliseconds, row.nme, (row.size_bytes or 0) / 1e6))
    return found


def pareto(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those of (time, error) that no other is below in both, the fastest first."""
    front: list[tuple[float, float]] = []
    for milliseconds, error in sorted(points):
        if not front or error < front[-1][1]:
            front.append((milliseconds, error))
    return front

"""A profile as a picture: a bar for each operator in the file's order."""

from __future__ import annotations

from pathlib import Path

from android_bench.profiling.profile import Profile
from android_bench.profiling.tables import remarks, shown_names
from android_bench.reports.names import rounded
from android_bench.reports.plot import check_plot, literal
from facekp_train.common.console import UserError
from facekp_train.common.files import written_aside

MOST_OPERATORS = 400
"""More cannot be read."""
_COLORS = {"dense": "#4c72b0", "depthwise": "#dd8452", "other": "#8c8c8c"}


def plot(target: Path, profile: Profile) -> None:
    """Time by operator, GMAC/s and share of the peak beside it. The suffix chooses the format.

    Raises UserError for more operators than can be read, OSError where the picture cannot be written.
    """
    check_plot(target)
    operators = profile.operators
    if len(operators) > MOST_OPERATORS:
        raise UserError(
            f"a picture shows {MOST_OPERATORS} operators at most, not {len(operators)}; use --json"
        )
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.6 + 0.16 * len(operators)), layout="constrained")
    area = figure.subplots()
    for kind, color in _COLORS.items():
        rows = [row for row, each in enumerate(operators) if each.kind == kind]
        if rows:
            ms = sum(operators[row].ms for row in rows)
            area.barh(
                rows, [operators[row].ms for row in rows], color=color,
                xerr=[operators[row].error_ms for row in rows],
                error_kw={"elinewidth": 0.6, "ecolor": "0.3"},
                label=f"{kind}: {ms / profile.whole_ms * 100:.0f} %",
            )  # fmt: skip
    widest = max(1e-6, *(each.ms + each.error_ms for each in operators))
    for row, each in enumerate(operators):
        if each.gmacs is not None:
            share = "" if each.peak_share is None else f", {each.peak_share * 100:.0f} %"
            place = max(each.ms, 0) + each.error_ms + 0.01 * widest
            area.text(place, row, f"{rounded(each.gmacs, 0)}{share}", va="center", fontsize=5)
    area.set_yticks(range(len(operators)), shown_names(operators), fontsize=6)
    area.set_ylim(len(operators) - 0.4, -0.6)
    area.set(xlim=(min(0.0, *(each.ms for each in operators)), 1.15 * widest))
    area.set_xlabel("ms; beside the bar: GMAC/s and share of the peak")
    title = (f"{profile.model}, {profile.machine.cpu}", *remarks(profile)[:2])
    area.set_title("\n".join(map(literal, title)), fontsize=7, loc="left")
    area.legend(fontsize=7, frameon=False)
    area.grid(axis="x", alpha=0.3)
    area.set_axisbelow(True)
    with written_aside(target) as aside:
        figure.savefig(aside, dpi=150)

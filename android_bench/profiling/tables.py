"""A profile as a table: by kinds of operators, and one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from android_bench.profiling.profile import CLEAR, OperatorTime, Profile
from android_bench.reports.names import rounded

_COLUMNS = ("M MACs", "ms", "% of time", "GMAC/s", "% of peak")


def group_name(operator: OperatorTime) -> str:
    """What operators are summed by: the name, and the precision where it multiplies."""
    if not operator.macs:
        return operator.layer.operator
    return f"{operator.layer.operator} {operator.layer.precision}"


def groups(profile: Profile) -> dict[str, list[OperatorTime]]:
    """Operators by `group_name`, what takes most of the time first."""
    found: dict[str, list[OperatorTime]] = {}
    for operator in profile.operators:
        found.setdefault(group_name(operator), []).append(operator)
    return dict(sorted(found.items(), key=lambda item: -sum(each.ms for each in item[1])))


def terminal(profile: Profile) -> RenderableType:
    """Two tables, and below whether the parts add up to the whole."""
    summary, single = _table("operators", "number"), _table("operator", "output", "±")
    for name, members in groups(profile).items():
        summary.add_row(name, str(len(members)), *_cells(profile, members))
    for number, each in enumerate(profile.operators, 1):
        shape = "x".join(map(str, each.layer.shape))
        single.add_row(
            f"{number} {group_name(each)}", shape, rounded(each.error_ms, 4), *_cells(profile, [each])
        )
    return Group(summary, "", single, "", *remarks(profile))


def remarks(profile: Profile) -> list[str]:
    """What must be known beside the figures."""
    clock = "CPU time of the thread" if profile.clock == "cpu" else "wall time"
    peaks = ", ".join(f"{name} {rounded(peak)}" for name, peak in profile.peak_gmacs.items())
    share = profile.sum_ms / profile.whole_ms * 100
    lines = [
        f"{clock}, one thread, {profile.rounds} rounds; this machine's peak in GMAC/s: {peaks or '-'}",
        f"the whole file takes {rounded(profile.whole_ms)} ms, its operators and the call add up to "
        f"{rounded(profile.sum_ms)} ms, {share:.1f} %",
    ]
    if not profile.adds_up:
        lines.append(
            "warning: they do not add up to the whole within 3 %: the machine was restless; "
            "close other programs, or take more --rounds"
        )
    return lines


def _table(*texts: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for header in (*texts, *_COLUMNS):
        table.add_column(header, justify="left" if header == texts[0] else "right", no_wrap=True)
    return table


def _cells(profile: Profile, members: Sequence[OperatorTime]) -> list[str]:
    macs, ms = sum(each.macs for each in members), sum(each.ms for each in members)
    error = sum(each.error_ms**2 for each in members) ** 0.5
    told = macs > 0 and ms > CLEAR * error
    gmacs = macs / ms / 1e6 if told else None
    peak = profile.peak_gmacs.get(members[0].layer.precision)
    return [
        rounded(macs / 1e6, 3) if macs else "-", rounded(ms, 4) if ms > 0 else f"{ms:.4f}",
        f"{ms / profile.whole_ms * 100:.1f}", rounded(gmacs, 1),
        f"{gmacs / peak * 100:.0f}" if gmacs and peak else "-",
    ]  # fmt: skip


def shown_names(operators: Iterable[OperatorTime]) -> list[str]:
    """A short line for each: its number, name and output."""
    return [
        f"{number} {each.layer.operator} {'x'.join(map(str, each.layer.shape[1:]))}"
        for number, each in enumerate(operators, 1)
    ]

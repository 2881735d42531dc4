"""Records and comparisons as HTML pages of one file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from android_bench.records.record import Record
from android_bench.reports import comparison_tables, html, svg
from android_bench.reports.clock import NAMES, Clock, middle_by, p95_by, samples_ms, shared_clock
from android_bench.reports.compare import Comparison
from android_bench.reports.names import labels, machine_line, machines, rounded, runtimes
from android_bench.reports.remarks import remarks
from android_bench.reports.tables import TEXTS, headers, rows


def records_page(records: Sequence[Record], documents: Sequence[str] = ()) -> str:
    """Table, remarks, every run of each machine's records, and curves of sustained measurements."""
    heat = heat_plot(zip(_titles(records, documents), records, count()))
    return html.page(
        "Measurements",
        (
            html.bullets(machines(records)),
            html.table(headers(records, documents), rows(records, documents), TEXTS),
            html.bullets(remarks(records, documents)),
            html.section("Every run", html.figures(_runs(records, documents))),
            html.section(
                "Measured without a pause",
                html.figures([heat]),
            ),
        ),
    )


def comparison_page(result: Comparison, before: str, after: str) -> str:
    """The table of changes with its remarks, between documents of these names."""
    return html.page(
        "What changed",
        (
            html.bullets(comparison_tables.above(result, before, after)),
            html.table(comparison_tables.HEADERS, comparison_tables.rows(result), comparison_tables.TEXTS),
            html.bullets(comparison_tables.remarks(result)),
        ),
    )


def _titles(records: Sequence[Record], documents: Sequence[str]) -> list[str]:
    """What tells each record from the others, the document's name behind it where there are several."""
    several = len(set(documents)) > 1
    sources = documents or [""] * len(records)
    parts = zip(labels(records), runtimes(records), records, sources, strict=True)
    told = (
        (label, runtime, record.delegate, f"threads {record.threads}", source if several else "")
        for label, runtime, record, source in parts
    )
    return [", ".join(filter(None, words)) for words in told]


def _runs(records: Sequence[Record], documents: Sequence[str]) -> Iterator[tuple[str, str]]:
    titles = _titles(records, documents)
    lines = [machine_line(record) for record in records]
    for machine in dict.fromkeys(lines):
        group = [(t, r) for t, r, line in zip(titles, records, lines, strict=True) if line == machine]
        clock = shared_clock(record for _, record in group if record.valid)
        plotted = [
            run_row(title, record, clock, middle_by(record, clock), number)
            for number, (title, record) in enumerate(group)
        ]
        yield runs_plot(machine, plotted, clock)


def run_row(title: str, record: Record, clock: Clock, middle: float | None, number: int) -> svg.Row:
    """A record's runs as one row of `runs_plot`. middle: where its dot stands, ms. number: of its shade."""
    high = p95_by(record, clock)
    note = f"{rounded(middle)} / {rounded(high)}" if record.valid else "invalid"
    note += " emulated" if record.emulated else ""
    return svg.Row(title, samples_ms(record, clock), middle, high, note, number)


def runs_plot(machine: str, plotted: Sequence[svg.Row], clock: Clock) -> tuple[str, str]:
    """Caption and picture of every run on a machine."""
    return f"{machine}: each run a tick, dot p50, line to p95", svg.rows(plotted, f"ms of {NAMES[clock]}")


def heat_plot(titled: Iterable[tuple[str, Record, int]]) -> tuple[str, str]:
    """Caption and picture of what sustained measurements came to. titled: title, record, shade of each."""
    lines = [
        svg.Line(
            f"{title}{', emulated' if record.emulated else ''}",
            [(point.seconds / 60, point.p50_ms) for point in record.curve or ()],
            shade,
            record.emulated,
        )
        for title, record, shade in titled
    ]
    return "p50 of each turn: a line that climbs is heat", svg.curves(lines, "minutes", "p50, ms")

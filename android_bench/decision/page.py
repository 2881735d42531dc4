"""A decision as one HTML page: the answer, the table, plots, the worst faces, each figure's source."""

from __future__ import annotations

from collections.abc import Iterator

from android_bench.decision.decide import Decided
from android_bench.decision.join import OnDevice
from android_bench.decision.pictures import overlay
from android_bench.decision.tables import TEXTS, basis
from android_bench.decision.tables import rows as table_rows
from android_bench.reports import html, svg
from android_bench.reports.clock import p50_by
from android_bench.reports.names import rounded
from android_bench.reports.pages import heat_plot, run_row, runs_plot


def page(decided: Decided) -> str:
    """The document. Needs the photographs of the worst faces where any are to be drawn."""
    headers, lines = table_rows(decided)
    best = decided.document.recommended
    numbers = [str(n) for n, file in enumerate(decided.document.files, 1) if file.sha256 == best]
    ships = [place for place, line in enumerate(lines) if line[0] in numbers]
    chosen = "answer" if best else "answer none"
    return html.page(
        "Which model ships?",
        (
            f'<p class="{chosen}">{_answer(decided)}</p>',
            html.table(headers, lines, TEXTS, ships),
            html.bullets([*basis(decided), *decided.notes]),
            html.section("Accuracy, time, size", _legend(), html.figures(_scatters(decided))),
            html.section("Every run", html.figures(_runs(decided))),
            html.section("Measured without a pause", html.figures([_sustained(decided)])),
            html.section("The faces it errs on most", *_faces(decided)),
            html.section("Where each figure comes from", _sources(decided), html.bullets(_hashes(decided))),
        ),
    )


def _answer(decided: Decided) -> str:
    """The reason, with the file that it begins with set off."""
    reason, best = decided.document.reason, decided.recommended
    if best is None or not reason.startswith(best.label):
        return svg.text_of(reason)
    return f"<strong>{svg.text_of(best.label)}</strong>{svg.text_of(reason.removeprefix(best.label))}"


def _legend() -> str:
    return (
        '<p class="soft">Numbers are those of the table; filled points lie on the Pareto front of NME, time '
        "and size; a color is an export.</p>"
    )


def _scatters(decided: Decided) -> Iterator[tuple[str, str]]:
    """NME over size, and over the time on each machine that decides."""
    yield "NME over size", svg.scatter(list(_dots(decided, None)), "size, MB", "NME, %")
    for machine in decided.machines:
        plot = svg.scatter(list(_dots(decided, machine)), "p50, ms", "NME, %")
        yield f"NME over time on {machine}", plot
    if all(candidate.accuracy is None for candidate in decided.candidates):
        for machine in decided.machines:
            dots = list(_dots(decided, machine, of_size=True))
            yield f"size over time on {machine}", svg.scatter(dots, "p50, ms", "size, MB")


def _dots(decided: Decided, machine: str | None, of_size: bool = False) -> Iterator[svg.Dot]:
    """machine: whose time is the abscissa; None for the size."""
    for number, (candidate, shade) in enumerate(zip(decided.candidates, _shades(decided), strict=True), 1):
        size, figures = candidate.bytes / 1e6, candidate.figures()
        x = size if machine is None else figures.times_ms.get(machine)
        y = size if of_size else figures.nme
        if x is not None and y is not None:
            title = f"{candidate.label}: {rounded(x)}, {rounded(y)}"
            strong = candidate.sha256 in decided.choice.front
            yield svg.Dot(x, y, str(number), title, shade, strong)


def _shades(decided: Decided) -> list[int]:
    """Each file's color: that of its export."""
    folders = [candidate.path.parent for candidate in decided.candidates]
    exports = list(dict.fromkeys(folders))
    return [exports.index(folder) for folder in folders]


def _of_device(decided: Decided) -> dict[str, list[tuple[int, str, OnDevice]]]:
    """What was measured, by device: the file's number and label, and the record."""
    found: dict[str, list[tuple[int, str, OnDevice]]] = {}
    for number, candidate in enumerate(decided.candidates, 1):
        for on in candidate.on:
            found.setdefault(on.device, []).append((number, candidate.label, on))
    return found


def _runs(decided: Decided) -> Iterator[tuple[str, str]]:
    shades = _shades(decided)
    for device, group in _of_device(decided).items():
        clock = group[0][2].clock
        plotted = [
            run_row(f"{number} {label}", on.record, clock, p50_by(on.record, clock), shades[number - 1])
            for number, label, on in group
        ]
        yield runs_plot(device, plotted, clock)


def _sustained(decided: Decided) -> tuple[str, str]:
    shades = _shades(decided)
    return heat_plot(
        (f"{number} {label} on {device}", on.record, shades[number - 1])
        for device, group in _of_device(decided).items()
        for number, label, on in group
    )


def _faces(decided: Decided) -> Iterator[str]:
    chosen = decided.recommended or next((c for c in decided.candidates if c.accuracy), None)
    if chosen is None or chosen.accuracy is None or not chosen.accuracy.worst:
        return
    yield (
        f'<p class="soft">{svg.text_of(chosen.label)}: orange as labeled, green as answered; errors in % of '
        "the normalizer</p>"
    )
    pictures = "\n".join(overlay(face) for face in chosen.accuracy.worst)
    yield f'<div class="faces">\n{pictures}\n</div>'


def _sources(decided: Decided) -> str:
    headers = ("no", "file", "figure", "where from", "how")
    lines = []
    for number, candidate in enumerate(decided.candidates, 1):
        first = (str(number), candidate.label)
        if candidate.accuracy is not None:
            lines.append((*first, "NME", candidate.accuracy.source, candidate.accuracy.basis))
        lines += [(*first, on.device, on.source, _how(on)) for on in candidate.on]
    return html.table(headers, lines, headers[1:])


def _hashes(decided: Decided) -> Iterator[str]:
    for number, candidate in enumerate(decided.candidates, 1):
        yield f"{number} {candidate.label}: SHA-256 {candidate.sha256}"


def _how(on: OnDevice) -> str:
    """A record's circumstances, and what may have disturbed it."""
    record = on.record
    runner = f" by {record.runner.name}" if record.runner else ""
    parts = [
        f"{record.runtime} {record.runtime_version or ''}".strip() + runner,
        f"{len(record.samples_ms) or record.timed_runs or 0} runs",
        record.started,
        record.machine.os,
        *record.warnings,
        *record.invalid_reasons,
    ]
    return "; ".join(parts)

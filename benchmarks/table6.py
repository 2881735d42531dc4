"""Table 6: phones measured, the paper's three beside them, and predictions where nothing is measured.

    facekp-bench --device adb --models models/mdp-fast --models mdp-1x --out phone.json
    python benchmarks/table6.py --records phone.json

Nothing is timed here: it reads what facekp-bench measured on phones. Written to
benchmarks/results/table6.json and, for readers, to benchmarks/TABLES.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from android_bench.predict.fit import FITTED, fixed_share, judged
from android_bench.predict.predict import Prediction, predict_layers
from android_bench.predict.socs import SOCS, Soc
from android_bench.records.documents import read_all
from android_bench.records.record import Record
from android_bench.reports.names import rounded
from benchmarks.tables.pages import write_part
from facekp_export.inference.layers import Layer, read_layers
from facekp_train.common.console import UserError, escaped, new_app, out, run, say
from facekp_train.common.files import write_json
from facekp_train.common.markdown import markdown_table
from facekp_train.evaluation.published import published_phones

RESULT = Path(__file__).parent / "results" / "table6.json"
_MODELS = Path(__file__).parents[1] / "models"

SYSTEMS = {"resnet-50": FITTED, "mdp-1x": "1X", "mdp-0.25x": "0.25X", "mdp-fast": None}
"""Rows of a phone, and the paper's names for them."""
PRECISIONS = {"float32": ("float32", "onnx"), "int8": ("int8", "int8_in", "onnx_int8")}
"""Kinds of files that are of each."""
NO_FILE = "no exported file of it here"
FITTED_ROW = "predictions are fitted on it"
MEAN_ALONE = "its runner tells a mean alone, and no median"


@dataclass(frozen=True)
class Row:
    """One phone, system and precision; figures that are not known are null.

    A time is measured (`p50_ms`), the paper's (`paper_ms`) or predicted, never two of them under one name.
    Where something is measured, nothing is predicted.
    """

    device: str
    chip: str
    system: str
    precision: str
    runtime: str | None = None
    delegate: str | None = None
    kind: str | None = None
    threads: int | None = None
    p50_ms: float | None = None
    paper_ms: float | None = None
    predicted_ms: float | None = None
    predicted_low_ms: float | None = None
    predicted_high_ms: float | None = None
    predicted_net_ms: float | None = None
    reason: str | None = None


def rows_of(records: Sequence[Record]) -> list[Row]:
    """The rows of the phones of the records, then those of the paper's three, the systems in their order."""
    phones = {(record.machine_name, _chip(record)): None for record in records}
    paper = {(phone.phone, phone.chip): None for phone in published_phones().values()}
    return [
        row
        for device, chip in {**phones, **paper}
        for system in SYSTEMS
        for precision in PRECISIONS
        for row in _rows(device, chip, system, precision, records)
    ]


def of_phones(records: Iterable[Record]) -> tuple[list[Record], list[str]]:
    """The records that belong into the table, and notes on those that do not."""
    kept, notes = [], []
    for record in records:
        if record.fingerprint is None:
            notes.append(f"{record.model} on {record.machine.cpu}: no phone")
        elif record.emulated:
            notes.append(
                f"{record.model} on {record.machine_name}: an emulated processor's time is no phone's"
            )
        elif record.name not in SYSTEMS or not any(record.kind in kinds for kinds in PRECISIONS.values()):
            notes.append(f"{record.model} on {record.machine_name}: no row of the table")
        else:
            kept.append(record)
    return kept, notes


def _rows(device: str, chip: str, system: str, precision: str, records: Sequence[Record]) -> list[Row]:
    soc = next((key for key, phone in published_phones().items() if phone.chip == chip), None)
    model = SYSTEMS[system]
    # The paper's files are float32: their sizes in its table 5 are those of four bytes a parameter.
    paper = published_phones()[soc].milliseconds[model] if soc and model and precision == "float32" else None
    bare = Row(device, chip, system, precision, paper_ms=paper)
    measured = [
        replace(
            bare, runtime=record.runtime, delegate=record.delegate, kind=record.kind, threads=record.threads,
            p50_ms=record.p50_ms, reason=_reason(record),
        )
        for record in records
        if (record.machine_name, _chip(record), record.name) == (device, chip, system)
        and record.kind in PRECISIONS[precision]
    ]  # fmt: skip
    if any(row.p50_ms is not None for row in measured):
        return measured
    return [*measured, _predicted(bare, SOCS.get(soc or ""))]


def _reason(record: Record) -> str | None:
    """Why a record has no median; None where it has one."""
    if not record.valid:
        return "; ".join(record.invalid_reasons)
    return MEAN_ALONE if record.p50_ms is None else None


def _predicted(row: Row, soc: Soc | None) -> Row:
    if soc is None:
        return replace(row, reason=f"not measured, and nothing is predicted for {row.chip}")
    if SYSTEMS[row.system] == FITTED and row.paper_ms is not None:
        return replace(row, reason=FITTED_ROW)
    layers = _layers(row.system, row.precision)
    if layers is None:
        return replace(row, reason=NO_FILE)
    found = _prediction(row.system, layers, soc)
    return replace(
        row, predicted_ms=round(found.predicted_ms, 2), predicted_low_ms=round(found.low_ms, 2),
        predicted_high_ms=round(found.high_ms, 2), predicted_net_ms=round(found.net_ms, 3),
    )  # fmt: skip


@cache
def _prediction(system: str, layers: tuple[Layer, ...], soc: Soc) -> Prediction:
    return predict_layers(Path(system), layers, soc)


@cache
def _layers(system: str, precision: str) -> tuple[Layer, ...] | None:
    file = _MODELS / system / f"model_{precision}.tflite"
    return read_layers(file) if file.is_file() else None


def _chip(record: Record) -> str:
    return (record.fingerprint and record.fingerprint.chip) or record.machine.cpu


def markdown(rows: Sequence[Row]) -> str:
    """The part of TABLES.md: a table for each phone."""
    worst = [row.error for row in judged()]
    text = [
        "## Table 6: phones, ms a face",
        "`python benchmarks/table6.py --records FILE` reads what `facekp-bench --device adb` measured. The\n"
        "paper names neither the runtime nor the threads of its phones. **Predicted is not measured**: its\n"
        "error on the paper's rows 1X and 0.25X, each with its phone left out of the fit, is\n"
        f"{min(worst):+.0%} to {max(worst):+.0%}, and nothing has judged it on int8 files. *Net* is the\n"
        f"prediction without the {fixed_share():.0%} of ResNet-50's time that every net pays in the paper.",
    ]
    for device, chip in {(row.device, row.chip): None for row in rows}:
        own = [row for row in rows if (row.device, row.chip) == (device, chip)]
        lines = [[*map(escaped, _cells(row))] for row in own]
        table = markdown_table(_HEADERS, lines, words=_HEADERS[:3])
        text += [f"### {escaped(device)}, {escaped(chip)}", table]
    return "\n\n".join(text) + "\n"


_HEADERS = ("system", "precision", "how", "threads", "measured", "the paper", "predicted", "net")


def _cells(row: Row) -> tuple[str, ...]:
    how = " ".join(filter(None, (row.runtime, row.delegate, (row.kind != row.precision and row.kind) or "")))
    span = ""
    if row.predicted_low_ms is not None and row.predicted_high_ms is not None:
        span = f" ({rounded(row.predicted_low_ms)} to {rounded(row.predicted_high_ms)})"
    return (
        row.system, row.precision, row.reason or how or "-", str(row.threads or "-"), rounded(row.p50_ms),
        rounded(row.paper_ms), rounded(row.predicted_ms) + span, rounded(row.predicted_net_ms),
    )  # fmt: skip


app = new_app("table6", "The paper's table 6, from records of phones.")


@app.command()
def main(
    records: Annotated[list[Path] | None, typer.Option(help="document of facekp-bench; repeatable")] = None,
    result: Annotated[Path, typer.Option("--json", help="where the rows go")] = RESULT,
) -> None:
    """Write the rows, and the table for readers."""
    found = read_all(records or [])
    kept, left_out = of_phones(found.records)
    for note in (*found.notes, *left_out):
        say(f"note: {note}")
    if found.records and not kept:
        raise UserError("none of the records is a phone's; measure with facekp-bench --device adb")
    rows = rows_of(kept)
    fit = {"fixed_share": fixed_share(), "judged": [asdict(row) for row in judged()]}
    write_json(result, {"rows": [asdict(row) for row in rows], "fit": fit})
    out.print(f"{len(rows)} rows: {result}")
    if result == RESULT:
        out.print(f"table: {write_part('table6', markdown(rows))}")


if __name__ == "__main__":
    run(app)

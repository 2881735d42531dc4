"""Table 5 measured: every system of the paper beside ours and what a user would pick today.

    python benchmarks/table5.py
    python benchmarks/table5.py --systems mdp-fast,pfld-0.25x --precision int8 --runtimes litert --threads 1

All files of one runtime are timed interleaved, each in a process of its own; at one thread by CPU time, which
holds on a busy machine too. Systems without trained weights are timed with random ones. Errors are those that
the result holds already, matched by SHA-256; where FACEKP_DATA names a folder with `mtfl` they are measured
again. Written to benchmarks/results/table5.json.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from android_bench.engines.engines import ENGINES, Engine
from android_bench.engines.gpu import GPU_ENGINES, gpu_engines
from android_bench.engines.weights import size_and_sha256
from android_bench.host.machine import describe_machine
from android_bench.host.verdict import load_reasons
from android_bench.records.record import Machine
from android_bench.timing import StopRule
from benchmarks.systems.candidate import PRECISIONS, Candidate, LackingError
from benchmarks.systems.catalog import (
    MODELS,
    OWN_WEIGHTS,
    READINGS,
    SYSTEMS,
    Given,
    candidates,
    mark_up_offset,
)
from benchmarks.systems.engines import MORE_ENGINES, runtime_name
from benchmarks.systems.errors import Measurer, stated_errors
from benchmarks.systems.rows import Row
from benchmarks.tables.pages import write_part
from benchmarks.tables.table5_page import PICTURE, draw, markdown, print_rows
from benchmarks.tables.timed import Timed, time_all
from facekp_train.common.console import UserError, new_app, out, run
from facekp_train.common.files import parse_json, write_json

RESULT = Path(__file__).parent / "results" / "table5.json"
RUNTIMES = tuple(dict.fromkeys(runtime_name(name) for name in (*ENGINES, *MORE_ENGINES, *GPU_ENGINES)))
THREADS = (1, 2)
_RULE = StopRule(50, 2.0)


@dataclass(frozen=True)
class Wanted:
    """What is measured: names as the options have them."""

    systems: Sequence[str] = SYSTEMS
    precisions: Sequence[str] = PRECISIONS
    runtimes: Sequence[str] = RUNTIMES
    threads: Sequence[int] = THREADS
    rule: StopRule = _RULE

    @property
    def whole(self) -> bool:
        """Whether that is all, of which a page can be made."""
        kinds = (SYSTEMS, PRECISIONS, RUNTIMES, THREADS)
        return kinds == tuple(map(tuple, (self.systems, self.precisions, self.runtimes, self.threads)))


@dataclass(frozen=True)
class Result:
    """Rows in the table's order, the errors of known files (SHA-256 -> NME in percent), the machine."""

    rows: list[Row]
    nme: dict[str, float]
    machine: Machine

    def as_json(self) -> dict[str, Any]:
        """Plain data for the result's file."""
        machine = self.machine.model_dump(mode="json")
        return {"machine": machine, "rows": [asdict(row) for row in self.rows], "nme": self.nme}


def words(given: str | None, known: Sequence[str], what: str) -> list[str]:
    """The words of an option with commas, in the order of `known`; all of them where it was left out.

    Raises UserError for an unknown one.
    """
    wanted = given.split(",") if given else list(known)
    for name in wanted:
        if name not in known:
            raise UserError(f"there is no {what} '{name}'; choose from {', '.join(known)}")
    return [name for name in known if name in wanted]


def result_of(wanted: Wanted, given: Given, nme: dict[str, float], data: Path | None = None) -> Result:
    """Measure.

    Args:
        wanted: what.
        given: files beside the project.
        nme: errors that are known: SHA-256 -> percent.
        data: folder that holds `mtfl`, on which errors are measured again; None for none.
    """
    found, reasons = _found(wanted, given, _gpus(wanted))
    everything = [each for files in found.values() for each in files]
    nme = nme | stated_errors([*sorted(MODELS.iterdir()), *sorted(OWN_WEIGHTS.glob("*/"))])
    if data is not None:
        nme |= Measurer(data, mark_up_offset()).errors(everything)
    machine = describe_machine()
    # Times of the wall would not hold, so that none are taken.
    busy = load_reasons((machine.load, None), machine.cores)
    counts = [count for count in wanted.threads if count == 1 or not busy]
    records = time_all(everything, counts, wanted.rule)
    rows = [Row(system, reading=READINGS.get(system), reason=reason) for system, reason in reasons.items()]
    for system, files in found.items():
        errors = _errors(files, nme)
        for each in files:
            row = _row(system, each, errors.get(each.precision))
            rows += [_measured(row, timed) for timed in records.get((each.path, each.engine.name), [])]
            rows += [
                replace(row, threads=count, reason=busy[0])
                for count in wanted.threads
                if count not in counts and each.engine.device == "cpu"
            ]
    order = {name: place for place, name in enumerate((*SYSTEMS, *PRECISIONS, *RUNTIMES))}
    rows.sort(key=lambda row: [order.get(str(word), 0) for word in (row.system, row.precision, row.runtime)])
    return Result(rows, nme, machine)


def _gpus(wanted: Wanted) -> list[Engine]:
    """The engines of this machine's GPU, where it has one."""
    if not set(wanted.runtimes) & set(GPU_ENGINES):
        return []
    try:
        return list(gpu_engines()[0].values())
    except UserError:
        return []


def _found(
    wanted: Wanted, given: Given, gpus: Sequence[Engine]
) -> tuple[dict[str, list[Candidate]], dict[str, str]]:
    """The files of each system, and why there are none of others."""
    found: dict[str, list[Candidate]] = {}
    reasons: dict[str, str] = {}
    for system in wanted.systems:
        try:
            files = candidates(system, given, wanted.precisions)
        except LackingError as error:
            reasons[system] = str(error)
            continue
        kinds = {(each.path, each.precision): each for each in files}.values()
        files += [
            replace(each, engine=gpu)
            for gpu in gpus
            for each in kinds
            if gpu.suffix == each.path.suffix and each.precision == "float32"
        ]
        files = [each for each in files if runtime_name(each.engine.name) in wanted.runtimes]
        if files:
            found[system] = files
        else:
            reasons[system] = f"none of its files runs on {' or '.join(wanted.runtimes)}"
    return found, reasons


def _errors(files: Sequence[Candidate], nme: dict[str, float]) -> dict[str, float]:
    """By precision: a float32 .onnx or checkpoint is the same net as the .tflite, which is measured."""
    known = ((each.precision, nme.get(size_and_sha256(each.path)[1])) for each in files if each.trained)
    return {precision: error for precision, error in reversed(list(known)) if error is not None}


def _row(system: str, each: Candidate, nme: float | None) -> Row:
    """What is known of a file before it is timed."""
    return Row(
        system,
        reading=READINGS.get(system),
        precision=each.precision,
        runtime=runtime_name(each.engine.name),
        size_bytes=each.size_bytes or size_and_sha256(each.path)[0],
        parameters=each.parameters,
        macs=each.macs,
        nme=nme,
    )


def _measured(row: Row, timed: Timed) -> Row:
    record = timed.record
    return replace(
        row,
        ratio=timed.ratio,
        threads=record.threads,
        p50_ms=record.p50_ms,
        cpu_p50_ms=record.cpu_p50_ms,
        samples=len(record.samples_ms),
        first_ms=record.first_ms,
        load_ms=record.load_ms,
        peak_memory_mb=record.peak_memory_mb,
        peak_share=record.peak_share,
        reason=None if record.valid else "; ".join(record.invalid_reasons),
    )


def known_errors(result: Path) -> dict[str, float]:
    """Those that a result holds: SHA-256 -> NME in percent."""
    if not result.is_file():
        return {}
    return parse_json(result.read_text(encoding="utf-8")).get("nme", {})


app = new_app("table5", "The paper's table 5, measured on this machine.")


@app.command()
def main(
    systems: Annotated[str | None, typer.Option(help="names with commas between; default: all")] = None,
    precision: Annotated[str | None, typer.Option(help="float32, int8 or both; default: both")] = None,
    runtimes: Annotated[str | None, typer.Option(help="names with commas between; default: all")] = None,
    threads: Annotated[str, typer.Option(help="numbers with commas between")] = "1,2",
    dlib: Annotated[
        Path | None, typer.Option(envvar="FACEKP_DLIB", help="shape_predictor_68_face_landmarks.dat")
    ] = None,
    mesh: Annotated[
        Path | None, typer.Option(envvar="FACEKP_MESH", help="a .tflite of MediaPipe's face mesh")
    ] = None,
    face_api: Annotated[
        Path | None, typer.Option(envvar="FACEKP_FACE_API", help="@vladmandic/face-api of npm, unpacked")
    ] = None,
    convert: Annotated[bool, typer.Option(help="make files with random weights that the cache lacks")] = True,
    result: Annotated[Path, typer.Option("--json", help="where the rows go")] = RESULT,
) -> None:
    """Measure and write the rows."""
    counts = [int(word) for word in words(threads, [str(n) for n in range(1, 65)], "number of threads")]
    wanted = Wanted(
        words(systems, SYSTEMS, "system"), words(precision, PRECISIONS, "precision"),
        words(runtimes, RUNTIMES, "runtime"), counts,
    )  # fmt: skip
    data = os.environ.get("FACEKP_DATA")
    measured = result_of(
        wanted, Given(dlib, mesh, face_api, convert), known_errors(result), Path(data) if data else None
    )
    write_json(result, measured.as_json())
    print_rows(measured.rows)
    out.print(f"{len(measured.rows)} rows: {result}")
    if result == RESULT and wanted.whole:
        draw(measured.rows, RESULT.parents[1] / PICTURE)
        out.print(f"table: {write_part('table5', markdown(measured.rows, measured.machine))}")


if __name__ == "__main__":
    run(app)

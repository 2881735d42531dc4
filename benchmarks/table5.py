"""Table 5 measured: every system of the paper beside ours and what a user would pick today.

    python benchmarks/table5.py --systems mdp-0.25x,mdp-1x --precision int8

Files are timed by facekp-bench's engines, interleaved, CPU time beside wall time. A system that cannot
be measured has one row with its reason. Written to benchmarks/results/table5.json.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from android_bench.host.bench import bench_models
from android_bench.records.record import Record
from android_bench.timing import StopRule
from facekp_export.inference.layers import read_layers, total_macs
from facekp_train.common.console import UserError, new_app, out, run
from facekp_train.common.files import write_text

RESULT = Path(__file__).parent / "results" / "table5.json"
_MODELS = Path(__file__).parents[1] / "models"
_WEIGHTS = Path(__file__).parent / "weights"
PRECISIONS = ("float32", "int8")
_RULE = StopRule(50, 1.0)

FILES = {
    "pfld-0.25x": _WEIGHTS / "pfld-0.25x",
    "pfld-1x": _WEIGHTS / "pfld-1x",
    "mdp-fast": _MODELS / "mdp-fast",
    "mdp-0.25x": _MODELS / "mdp-0.25x",
    "mdp-1x": _MODELS / "mdp-1x",
}
"""Systems that are a folder of exported files."""
_NAMES = {
    "float32": ("model_float32.tflite", "model.onnx", "model.safetensors"),
    "int8": ("model_int8.tflite", "model_int8.onnx"),
}
_NOT_MEASURED = "this version of the table does not measure it"
SYSTEMS = (
    "sdm", "san", "lab", *FILES, "resnet-50", "dlib-68", "mediapipe-mesh", "face-api-68", "face-api-68-tiny",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One system, precision, runtime and number of threads; figures that are not known are null."""

    system: str
    reading: str | None = None
    precision: str | None = None
    runtime: str | None = None
    threads: int | None = None
    p50_ms: float | None = None
    cpu_p50_ms: float | None = None
    samples: int | None = None
    first_ms: float | None = None
    load_ms: float | None = None
    peak_memory_mb: float | None = None
    size_bytes: int | None = None
    parameters: int | None = None
    macs: int | None = None
    peak_share: float | None = None
    nme: float | None = None
    reason: str | None = None


def chosen(words: str | None) -> list[str]:
    """The systems of `--systems`, in the table's order. Raises UserError for an unknown one."""
    wanted = words.split(",") if words else list(SYSTEMS)
    for name in wanted:
        if name not in SYSTEMS:
            raise UserError(f"there is no system '{name}'; choose from {', '.join(SYSTEMS)}")
    return [name for name in SYSTEMS if name in wanted]


def rows_of(systems: list[str], precisions: list[str], rule: StopRule = _RULE) -> list[Row]:
    """Measure, one thread and two."""
    files: dict[Path, tuple[str, str]] = {}
    rows: list[Row] = []
    for system in systems:
        folder = FILES.get(system)
        found = {
            folder / name: (system, precision)
            for precision in precisions
            for name in _NAMES[precision]
            if folder and (folder / name).is_file()
        }
        if not found:
            lacking = f"{folder.name} has no exported file here" if folder else _NOT_MEASURED
            rows.append(Row(system, reason=lacking))
        files |= found
    records = bench_models(list(files), threads=(1, 2), rule=rule) if files else []
    rows += [_row(record, *files[Path(record.model)]) for record in records]
    return sorted(rows, key=lambda row: SYSTEMS.index(row.system))


def _row(record: Record, system: str, precision: str) -> Row:
    path = Path(record.model)
    return Row(
        system,
        precision=precision,
        runtime=record.runtime,
        threads=record.threads,
        p50_ms=record.p50_ms,
        cpu_p50_ms=record.cpu_p50_ms,
        samples=len(record.samples_ms),
        first_ms=record.first_ms,
        load_ms=record.load_ms,
        peak_memory_mb=record.peak_memory_mb,
        size_bytes=record.bytes,
        macs=total_macs(read_layers(path)) if path.suffix == ".tflite" else None,
        reason=None if record.valid else "; ".join(record.invalid_reasons),
    )


app = new_app("table5", "The paper's table 5, measured on this machine.")


@app.command()
def main(
    systems: Annotated[str | None, typer.Option(help="names with commas between; default: all")] = None,
    precision: Annotated[str | None, typer.Option(help="float32 or int8; default: both")] = None,
    result: Annotated[Path, typer.Option("--json", help="where the rows go")] = RESULT,
) -> None:
    """Measure and write the rows."""
    if precision is not None and precision not in PRECISIONS:
        raise UserError(f"--precision is {' or '.join(PRECISIONS)}, not '{precision}'")
    rows = rows_of(chosen(systems), [precision] if precision else list(PRECISIONS))
    write_text(result, json.dumps({"rows": [asdict(row) for row in rows]}, indent=2) + "\n")
    out.print(f"{len(rows)} rows: {result}")


if __name__ == "__main__":
    run(app)

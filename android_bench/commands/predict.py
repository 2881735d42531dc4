"""facekp-bench predict: the time of a file on a phone that nobody measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from android_bench.predict.socs import SOCS
from facekp_train.common.completion import completed
from facekp_train.common.console import UserError, out, print_json
from facekp_train.common.files import refuse_streams
from facekp_train.common.model_option import folder_argument


def _checked(names: list[str] | None) -> list[str]:
    for name in names or ():
        if name not in SOCS:
            raise typer.BadParameter(f"'{name}' is not one of {', '.join(SOCS)}")
    return list(dict.fromkeys(names or SOCS))


def predict(
    models: Annotated[list[Path], folder_argument(".tflite files, or folders of them.")],
    *,
    soc: Annotated[
        list[str] | None,
        typer.Option(
            help=f"The phone's processor, {', '.join(SOCS)}; repeatable. Default: all.",
            callback=_checked,
            autocompletion=completed(lambda: SOCS),
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document, with every operator.")
    ] = False,
) -> None:
    """Predict times on the paper's phones; nothing is measured.

    From each operator's multiplications and bytes, public specifications of the processors and the
    paper's own times; the error on rows of that table stands below the figures.
    """
    from android_bench.predict.predict import predict as predicted
    from android_bench.reports import predictions as report

    files = list(dict.fromkeys(file for path in models for file in _files(path)))
    found = [predicted(file, SOCS[name]) for file in files for name in soc or ()]
    if as_json:
        print_json(report.document(found))
    else:
        out.print(report.terminal(found))


def _files(path: Path) -> list[Path]:
    """The .tflite files that a path means."""
    if path.is_dir():
        files = sorted(file for file in path.glob("*.tflite") if file.is_file())
        if not files:
            raise UserError(f"{path}: no .tflite file in this folder; facekp-export --to tflite writes some")
        return files
    refuse_streams(path)
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    if path.suffix.lower() != ".tflite":
        raise UserError(f"{path}: only a .tflite file is predicted; facekp-export --to tflite writes one")
    return [path]

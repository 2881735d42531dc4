"""`facekp-export check`: the files of an export measured again, with their NME on labelled faces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facekp_export.commands.options import (
    DataOption,
    JsonOption,
    LimitOption,
    NormalizerOption,
    SplitOption,
    StrictOption,
    ThreadsOption,
    labelled_data,
    read_faces,
)
from facekp_train.common.console import out, print_json, print_line
from facekp_train.common.feedback.idle import needs
from facekp_train.common.model_option import folder_argument

if TYPE_CHECKING:
    from facekp_export.verification.check import Checked


def check(
    context: typer.Context,
    path: Annotated[Path, folder_argument("Export folder, or one .tflite or .onnx file.")],
    data: DataOption = None,
    split: SplitOption = None,
    limit: LimitOption = None,
    strict: StrictOption = False,
    normalizer: NormalizerOption = None,
    threads: ThreadsOption = 1,
    as_json: JsonOption = False,
) -> None:
    """Check exported files by their manifest, or their NME on --data.

    Example: facekp-export check exports/a --data mtfl:PATH --split validation
    """
    from facekp_export.verification.check import check_integrity, check_labelled, find_models

    needs(context, "--data", data, "split", "limit", "strict", "normalizer")
    dataset = labelled_data(data, split, limit, strict)
    models = find_models(path, threads)
    faces = read_faces(dataset, models[0].info.scheme)
    if faces is None:
        folder = path if path.is_dir() else path.parent
        checked = check_integrity(models, folder, whole=path.is_dir())
    else:
        checked = check_labelled(models, faces, normalizer)
    if as_json:
        print_json(checked.document)
    else:
        _print_checked(checked)
        if (licence := models[0].info.weights_licence) is not None:
            print_line(f"What the weights may be used for: {licence}")
    if not checked.good:
        raise typer.Exit(1)


def _print_checked(checked: Checked) -> None:
    from rich.table import Table

    from facekp_train.datasets.reading.notes import print_skipped

    entries = checked.document["files"]
    table = Table()
    table.add_column("file", no_wrap=True)
    if checked.document["data"] is None:
        for heading in ("MB", "mean px", "state"):
            table.add_column(heading, justify="left" if heading == "state" else "right")
        good = "as exported" if checked.document["manifest"] else "opens; there is no manifest"
        for entry in entries:
            distance = f"{entry['mean_px']:.3f}" if "mean_px" in entry else "-"
            megabytes = "-" if entry["bytes"] is None else f"{entry['bytes'] / 1e6:.2f}"
            table.add_row(entry["file"], megabytes, distance, entry["problem"] or good)
        if len(entries) > 1:
            table.caption = f"mean px: distance from {entries[0]['file']}, on views of the demo photo"
    else:
        nme = ["NME %\n" + name.replace("_", "-\n") for name in entries[0]["nme"]]
        for heading in (*nme, "median", "> 8 %", "> 10 %", "AUC"):
            table.add_column(heading, justify="right")
        for entry in entries:
            figures = [*entry["nme"].values(), entry["median"], *entry["failure_rate"].values()]
            cells = [f"{figure:.2f}" for figure in figures]
            table.add_row(entry["file"], *cells, f"{entry['auc']:.3f}")
        table.title = f"{checked.document['data']}, {checked.document['split']}: {entries[0]['n']:,} faces"
        table.caption = f"median, failures and AUC over {entries[0]['normaliser']}"
    out.print(table)
    if checked.document["data"] is not None:
        _print_groups(entries)
        print_skipped(entries[0]["skipped"] + entries[0]["excluded"])


def _print_groups(entries: list[dict[str, Any]]) -> None:
    """NME and offset of each group of keypoints, a row for each file; nothing where none is a face's part."""
    from rich.table import Table

    if not entries[0]["groups"]:
        return
    print_line(
        f"NME over {entries[0]['normaliser']} in % by group of keypoints; below it the faces' median of "
        "answer - label, right and down in the face's own frame, in % of the eye distance"
    )
    table = Table()
    table.add_column("file", no_wrap=True)
    for name in entries[0]["groups"]:
        table.add_column(name, justify="right")
    for entry in entries:
        cells = [
            "-" if group["nme"] is None else f"{group['nme']:.2f}" + _moved(group["offset"])
            for group in entry["groups"].values()
        ]
        table.add_row(entry["file"], *cells)
    out.print(table)


def _moved(offset: list[float] | None) -> str:
    return "" if offset is None else "\n{:+.1f} {:+.1f}".format(*offset)

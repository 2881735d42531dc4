"""`facekp-train evaluate`: a checkpoint's figures on a labelled split, as a table, JSON and pictures."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table

from facekp_train.by_condition import ByCondition, by_as_json, group_by, print_by
from facekp_train.commands.data import print_skipped
from facekp_train.common.console import UserError, err, out, print_json, require
from facekp_train.common.files import naming_folder, write_text, written_aside
from facekp_train.crop import CropRule, Square, cut
from facekp_train.datasets import Dataset
from facekp_train.draw import FRAME, contact_sheet, draw_keypoints, write_picture
from facekp_train.evaluation.conditions import Condition
from facekp_train.evaluation.evaluate import Answers, Boxes, Predict, answer, faces_in_words
from facekp_train.evaluation.metrics import AUC_THRESHOLD, Evaluation, cumulative_curve, in_words
from facekp_train.evaluation.robustness import Kind, evenly, measure_robustness, print_robustness
from facekp_train.robustness_plot import plot_robustness
from facekp_train.samples import read_image
from facekp_train.table_row import print_row, row_of

if TYPE_CHECKING:
    from facekp_train.networks.checkpoint import Checkpoint

_EXPORTED = (".tflite", ".onnx")
_SHEET_FACES = 18


def evaluate_checkpoint(
    model: Path,
    dataset: Dataset,
    *,
    boxes: Boxes,
    refine: bool,
    batch: int,
    whole_row: bool,
    by: Sequence[Condition] = (),
    changes: Mapping[Kind, tuple[float, ...]] | None = None,
    curve_faces: int = 500,
    folder: Path | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Measure a checkpoint and report; with `whole_row`, on every split of the published table's row.

    by: conditions to group the split's faces by. changes: what to measure the robustness against, on
    `curve_faces` faces evenly taken from the split. Raises UserError for a file of another kind,
    ValueError where the data do not fit the model or nothing can be measured.
    """
    if model.suffix.lower() in _EXPORTED:
        raise UserError(
            f"{model} is an exported file; measure it with: facekp-export check {model} --data {dataset.spec}"
        )
    _check_is_file(model)
    require("train", "torch", "safetensors")
    from facekp_train.networks.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(model)
    if folder is not None:
        _ready(folder)
    rule = checkpoint.header.crop_rule
    predict = predict_of(checkpoint)
    answers = answer(predict, dataset, rule, boxes=boxes, refine=refine, batch=batch)
    evaluation = answers.score(dataset.spec, dataset.split)
    row = row_of(dataset, answers, evaluation) if whole_row and dataset.format.row else None
    grouped = group_by(by, evaluation, answers.samples)
    document = evaluation.as_json()
    document |= {"splits": row.as_json()} if row else {}
    document |= {"by": by_as_json(grouped)} if grouped else {}
    document["warnings"] = [*dataset.warnings, *(c.caveat for c in by if c.caveat)]
    robustness = None
    if changes:
        some = evenly(answers.samples, curve_faces)
        robustness = measure_robustness(predict, some, rule, changes, boxes=boxes, batch=batch)
        document["robustness"] = robustness.as_json()
    # Printed first: whatever befalls the report, the figures are there.
    if as_json:
        print_json(document)
    else:
        if row:
            print_row(row)
        print_evaluation(evaluation, verbose)
        print_by(grouped, evaluation.normaliser)
        if robustness:
            print_robustness(robustness)
        for warning in dataset.warnings:
            err.print(f"warning: {warning}", markup=False, soft_wrap=True)
        print_skipped(evaluation.skipped + evaluation.excluded)
    if folder is not None:
        write_report(folder, document, evaluation, answers, grouped)
        if robustness:
            plot_robustness(folder / "robustness.png", robustness)
        if not as_json:
            out.print(f"figures and pictures: {folder}", markup=False, soft_wrap=True)


def _check_is_file(model: Path) -> None:
    """Raise UserError where the model is none; of a folder, with the name of a checkpoint in it."""
    if model.is_dir():
        inside = [
            model / "model.safetensors",
            model / "best.safetensors",
            *sorted(model.glob("*.safetensors")),
        ]
        found = next((file for file in inside if file.is_file()), None)
        raise UserError(f"{model} is a folder; give {found or 'a checkpoint, and there is none in it'}")
    if not model.is_file():
        raise UserError(f"{model}: no such file; give a checkpoint, such as runs/a/best.safetensors")


def _ready(folder: Path) -> None:
    """Make the report's folder, before a measurement that an unusable one would cost.

    Raises typer.BadParameter for a file, OSError where nothing can be written, UserError without matplotlib.
    """
    if folder.is_file():
        raise typer.BadParameter(f"--out {folder} is a file, not a folder; name another")
    require("train", "matplotlib")
    with naming_folder(folder):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()


def predict_of(checkpoint: Checkpoint) -> Predict:
    """The checkpoint's net as a function of crops, for `evaluate`."""
    import torch

    from facekp_train.networks import predict_crops

    return lambda crops: predict_crops(checkpoint.net, torch.from_numpy(crops)).numpy()


def print_evaluation(evaluation: Evaluation, verbose: bool = False) -> None:
    """The figures as a table on stdout; each names its normaliser."""
    over = in_words(evaluation.normaliser)
    faces = f"{faces_in_words(evaluation.n)}, {evaluation.points} keypoints"
    title = f"{evaluation.data}, {evaluation.split}: {faces}"
    out.print(title, markup=False, soft_wrap=True)
    if schemes := evaluation.settings.get("keypoints"):
        both = "the model's {model} and the data's {data}".format(**schemes)
        out.print(f"keypoints: 5, those that {both} both imply", markup=False, soft_wrap=True)
    table = Table("figure", "value")
    for normaliser, percent in evaluation.nme.items():
        table.add_row(f"NME over {in_words(normaliser)}", f"{percent:.2f} %")
    for name, percent in (("median", evaluation.median), ("P90", evaluation.p90), ("P95", evaluation.p95)):
        table.add_row(f"{name} of the faces' errors over {over}", f"{percent:.2f} %")
    for limit, percent in evaluation.failure_rate.items():
        table.add_row(f"failures: faces above {limit} % of {over}", f"{percent:.2f} %")
    table.add_row(f"AUC, 0 to {evaluation.auc_threshold:g} % of {over}", f"{evaluation.auc:.4f}")
    table.add_row("MSE of a coordinate, in crops squared", f"{evaluation.mse:.6f}")
    out.print(table)
    if verbose:
        landmarks = Table("keypoint", f"mean error over {over}")
        for place, percent in enumerate(evaluation.per_landmark):
            landmarks.add_row(str(place), "never labelled" if percent is None else f"{percent:.2f} %")
        out.print(landmarks)


def write_report(
    folder: Path,
    document: dict[str, Any],
    evaluation: Evaluation,
    answers: Answers,
    grouped: Sequence[ByCondition] = (),
) -> None:
    """evaluation.json (the document), errors.csv, ced.png, best.png, median.png and worst.png in a folder.

    errors.csv has a row a face: error, photograph, and the face's group by each condition.
    """
    write_text(folder / "evaluation.json", json.dumps(document, indent=2, allow_nan=False))
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow([f"percent of {evaluation.normaliser}", "image", *(by.condition.name for by in grouped)])
    for place, (error, face) in enumerate(zip(evaluation.errors, evaluation.counted, strict=True)):
        groups = [by.members[place] for by in grouped]
        rows.writerow([f"{error:.4f}", answers.samples[face].image, *groups])
    write_text(folder / "errors.csv", table.getvalue())
    plot_cumulative(folder / "ced.png", evaluation)
    order = evaluation.counted[np.argsort(evaluation.errors, kind="stable")]
    middle = max(0, (len(order) - _SHEET_FACES) // 2)
    write_picture(folder / "best.png", _sheet(answers, order[:_SHEET_FACES]))
    write_picture(folder / "median.png", _sheet(answers, order[middle : middle + _SHEET_FACES]))
    write_picture(folder / "worst.png", _sheet(answers, order[::-1][:_SHEET_FACES]))


def plot_cumulative(target: Path, evaluation: Evaluation) -> None:
    """The cumulative error curve as a picture; the suffix chooses the format. Needs matplotlib."""
    require("train", "matplotlib")
    from matplotlib.figure import Figure

    errors, share = cumulative_curve(evaluation.errors)
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(errors, share * 100, label=f"AUC to {evaluation.auc_threshold:g} %: {evaluation.auc:.3f}")
    axes.axvline(AUC_THRESHOLD, color="0.7", linewidth=1)
    axes.set(
        xlabel=f"error of a face, % of {in_words(evaluation.normaliser)}",
        ylabel="% of faces at or below",
        xlim=(0, errors[-1]), ylim=(0, 100), title=f"{evaluation.data}, {evaluation.split}",
    )  # fmt: skip
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    with written_aside(target) as aside:
        figure.savefig(aside, dpi=150)


def _sheet(answers: Answers, faces: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Faces with their labels and, in the usual colours on top, the model's answers."""
    rule = CropRule(size=192, scale=1.0)
    tiles = []
    for face in faces.tolist():
        sample, points = answers.samples[face], answers.predicted[face]
        centre, side = points.mean(axis=0), answers.sides[face]
        square = Square(float(centre[0]), float(centre[1]), side)
        tile = cut(read_image(sample.image), square, rule)
        labels, answered = (square.to_crop(p) * rule.size - 0.5 for p in (sample.keypoints, points))
        tiles.append(draw_keypoints(draw_keypoints(tile, labels, dot=FRAME, line=FRAME), answered))
    return contact_sheet(tiles, tile=rule.size)

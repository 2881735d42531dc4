"""A checkpoint's figures on a labelled split, as tables on stdout, JSON and pictures."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from facekp_train.common.console import faces_in_words, out, print_line, require, warn
from facekp_train.common.files import write_text, written_aside
from facekp_train.crop import CropRule, Square, cut
from facekp_train.datasets.reading.notes import print_skipped
from facekp_train.draw import FRAME, contact_sheet, draw_keypoints, write_picture
from facekp_train.evaluation.against import print_against
from facekp_train.evaluation.conditions import print_by
from facekp_train.evaluation.evaluate import Answers
from facekp_train.evaluation.groups import print_groups
from facekp_train.evaluation.measure import Measurement
from facekp_train.evaluation.metrics import AUC_THRESHOLD, Evaluation, cumulative_curve, in_words
from facekp_train.evaluation.published import print_row
from facekp_train.evaluation.robustness import MEANINGS, Robustness
from facekp_train.images import read_image

_SHEET_FACES = 18

_LABEL_WIDTH = 40


def print_evaluation(evaluation: Evaluation, verbose: bool = False) -> None:
    """The figures as a table on stdout; each names its normaliser."""
    over = in_words(evaluation.normaliser)
    faces = f"{faces_in_words(evaluation.n)}, {evaluation.points} keypoints"
    title = f"{evaluation.data}, {evaluation.split}: {faces}"
    print_line(title)
    if schemes := evaluation.settings.get("keypoints"):
        both = "the model's {model} and the data's {data}".format(**schemes)
        print_line(f"keypoints: 5, those that {both} both imply")
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
    print_groups(evaluation.groups, over)
    if verbose:
        landmarks = Table("keypoint", f"mean error over {over}")
        for place, percent in enumerate(evaluation.per_landmark):
            name = evaluation.names[place] if evaluation.names else str(place)
            landmarks.add_row(name, "never labeled" if percent is None else f"{percent:.2f} %")
        out.print(landmarks)


def print_measurement(measurement: Measurement, warnings: Sequence[str], verbose: bool = False) -> None:
    """All figures on stdout; warnings and what was skipped on stderr."""
    evaluation = measurement.evaluation
    if measurement.row:
        print_row(measurement.row)
    print_evaluation(evaluation, verbose)
    if measurement.against:
        print_against(measurement.against)
    print_by(measurement.grouped, evaluation.normaliser)
    if measurement.robustness:
        print_robustness(measurement.robustness)
    for warning in warnings:
        warn(warning)
    print_skipped(evaluation.skipped + evaluation.excluded)


def write_report(folder: Path, measurement: Measurement) -> None:
    """evaluation.json, errors.csv, ced.png, best.png, median.png, worst.png and, where it was measured,
    robustness.png in a folder.

    errors.csv has a row a face: error, photograph, and the face's group by each condition.
    """
    evaluation, answers, grouped = measurement.evaluation, measurement.answers, measurement.grouped
    write_text(folder / "evaluation.json", json.dumps(measurement.as_json(), indent=2, allow_nan=False))
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
    if measurement.robustness:
        plot_robustness(folder / "robustness.png", measurement.robustness)


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
    """Faces with their labels and, in the usual colors on top, the model's answers."""
    rule = CropRule(size=192, scale=1.0)
    tiles = []
    for face in faces.tolist():
        sample, points = answers.samples[face], answers.predicted[face]
        centre, side = points.mean(axis=0), answers.sides[face]
        square = Square(float(centre[0]), float(centre[1]), side)
        tile = cut(read_image(sample.image), square, rule)
        labels, answered = (square.to_crop(p) * rule.size - 0.5 for p in (sample.keypoints, points))
        own = answers.scheme
        marked = own if own is not None and own.points == len(labels) else None
        tile = draw_keypoints(tile, labels, scheme=marked, dot=FRAME, line=FRAME)
        tiles.append(draw_keypoints(tile, answered, scheme=own))
    return contact_sheet(tiles, tile=rule.size)


def print_robustness(robustness: Robustness) -> None:
    """A table for each kind of change on stdout."""
    over = in_words(robustness.normaliser)
    for kind, points in robustness.by_kind().items():
        title = f"{MEANINGS[kind]} ({points[0].n:,} faces, NME over {over})"
        print_line(title)
        table = Table(kind)
        for heading in ("one crop", "refined", "refined, above 10 %"):
            table.add_column(heading, justify="right")
        for point in points:
            percents = (point.nme, point.nme_refined, point.failure_rate_refined)
            table.add_row(f"{point.amount:g}", *(f"{percent:.2f} %" for percent in percents))
        out.print(table)


def plot_robustness(target: Path, robustness: Robustness) -> None:
    """A panel for each kind of change, with and without the second crop. Needs matplotlib."""
    require("train", "matplotlib")
    from matplotlib.figure import Figure

    kinds = robustness.by_kind()
    figure = Figure(figsize=(4.2 * len(kinds), 3.6), layout="constrained")
    panels = figure.subplots(1, len(kinds), squeeze=False)[0]
    for axes, (kind, points) in zip(panels, kinds.items(), strict=True):
        amounts = [point.amount for point in points]
        axes.plot(amounts, [point.nme for point in points], "o--", label="one crop")
        axes.plot(amounts, [point.nme_refined for point in points], "o-", label="refined")
        highest = max(max(point.nme, point.nme_refined) for point in points)
        axes.set(ylabel=f"NME, % of {in_words(robustness.normaliser)}", ylim=(0, 1.08 * highest))
        axes.set_xlabel(textwrap.fill(MEANINGS[kind], _LABEL_WIDTH))
        axes.grid(alpha=0.3)
    panels[0].legend()
    with written_aside(target) as aside:
        figure.savefig(aside, dpi=150)

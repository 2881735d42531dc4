"""What a cell does: train, or go on training, then measure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from facekp_train.implied_five import implied_five
from facekp_train.landmarks import Floats
from facekp_train.networks.checkpoint import Checkpoint
from facekp_train.networks.keypoint_net import predict_crops
from facekp_train.samples import Crops, Predict
from facekp_train.studies.cells import Cell, student_recipe
from facekp_train.studies.faces import FaceSet
from facekp_train.training.distill import resized


def run_cell(cell: Cell) -> dict[str, Any]:
    """Train, or go on training, and measure. Raises ValueError where the data are other than planned."""
    from facekp_train.networks.checkpoint import load_checkpoint
    from facekp_train.pruning.cost import net_cost
    from facekp_train.studies.train_cell import train_cell

    faces = cell.plan.faces.load()
    if faces.fingerprint() != cell.plan.fingerprint:
        raise ValueError(f"{', '.join(cell.plan.faces.data)} changed since the study began; start it again")
    training = train_cell(cell, faces) if cell.method.given is None else None
    checkpoint = load_checkpoint(cell.checkpoint)
    side = student_recipe(cell.plan).size
    cost = net_cost(checkpoint.net)
    return {
        "method": cell.method.name,
        "fold": cell.fold + 1,
        "megabytes": cost.bytes / 1e6,
        "mmacs": cost.macs / 1e6,
        "training": training,
        **measured(checkpoint, faces.tested(cell.fold), faces.points, side),
        "unseen": faces.unseen and measured(checkpoint, faces.unseen, faces.points, side),
    }


def measured(checkpoint: Checkpoint, tested: FaceSet, points: int, side: int) -> dict[str, Any]:
    """The figures of every face: by number, error in percent and squared error in crops.

    Crops come from the data's boxes as a deployed net meets faces, without a second look: the crop
    must not depend on the method. They have a side of `side` pixels, which a net of another size is shown
    resized, as a teacher sees its students' crops. A net of other keypoints is measured by the five that
    it implies.
    """
    from facekp_train.evaluation.evaluate import answer

    header = checkpoint.header
    samples = [face.sample for face in tested.faces]
    answers = answer(
        _predict_resized(checkpoint), samples, replace(header.crop_rule, size=side),
        scheme=header.scheme if header.points != points else None, refine=False, progress=False,
    )  # fmt: skip
    if header.points != points:
        five = [implied_five(p, header.scheme, header.five_offset) for p in answers.predicted]
        answers = replace(answers, predicted=five, scheme=None)
    evaluation = answers.score()
    place_of = {id(sample): place for place, sample in enumerate(samples)}
    counted = [answers.samples[i] for i in evaluation.counted]
    kept = np.array([place_of[id(sample)] for sample in counted], np.intp)
    offsets = [answers.predicted[i] - answers.samples[i].keypoints for i in evaluation.counted]
    sides = np.array(answers.sides)[evaluation.counted]
    squared = [
        float(np.square(offset[sample.visible] / side).mean())
        for offset, sample, side in zip(offsets, counted, sides, strict=True)
    ]
    return {
        "normaliser": evaluation.normaliser,
        "nme": evaluation.nme[evaluation.normaliser],
        "mse": float(np.mean(squared)),
        "faces": tested.numbers[kept].tolist(),
        "images": tested.images[kept].tolist(),
        "errors": [round(error, 4) for error in evaluation.errors.tolist()],
        "squared": [float(f"{value:.6g}") for value in squared],
    }


def _predict_resized(checkpoint: Checkpoint) -> Predict:
    def predict(crops: Crops) -> Floats:
        shown = resized(torch.from_numpy(crops).permute(0, 3, 1, 2).float(), checkpoint.net.config.size)
        return predict_crops(checkpoint.net, shown.permute(0, 2, 3, 1)).numpy()

    return predict

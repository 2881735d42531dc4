"""A model's figures on a labelled data set, measured as the model is used.

The model is any callable from crops to keypoints, so that a network in training, a checkpoint and
an exported file are measured by the same lines. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from facekp_train.boxes import mapping_of, refined_box, tight_box_of
from facekp_train.common.feedback.progress import progress_bar
from facekp_train.crop import CropRule, Square, cut
from facekp_train.datasets import Dataset
from facekp_train.datasets.reading.notes import Notes, in_short
from facekp_train.evaluation.groups import group_errors
from facekp_train.evaluation.metrics import Evaluation, normalising_distances, score
from facekp_train.face_parts import parts_of
from facekp_train.images import read_image
from facekp_train.implied_five import implied_five
from facekp_train.landmarks import Scheme, implies_five, meaning, scheme_of, to_five
from facekp_train.metadata import FiveOffset
from facekp_train.samples import Box, FaceSample, Predict

Boxes = Literal["listed", "tight"]

# Decoded photographs wait for the second crop; beyond so many bytes a batch is closed early.
_BATCH_BYTES = 256 << 20


@dataclass
class Answers:
    """What a model said about faces, beside the truth; the photographs are not kept.

    Attributes:
        refine: whether a second crop was taken.
        samples: the faces, in order.
        predicted: float64 [F, N, 2], pixels of the photograph, in the model's scheme.
        sides: [F], the last crop's side in pixels.
        boxes: how many crops came from which source of boxes.
        skipped: faces that could not be cut or read.
        scheme: the model's; None for the default of its count.
        five_offset: the model's, [5, 2]; None where it has none.
        data_scheme: of the faces' keypoints; None for the model's where it has as many.
    """

    refine: bool = True

    samples: list[FaceSample] = field(default_factory=list)
    predicted: list[NDArray[np.float64]] = field(default_factory=list)
    sides: list[float] = field(default_factory=list)
    boxes: Counter[str] = field(default_factory=Counter)
    skipped: list[dict[str, str]] = field(default_factory=list)
    scheme: Scheme | None = None
    five_offset: FiveOffset | None = None
    data_scheme: Scheme | None = None

    def of(self, faces: Sequence[int]) -> Answers:
        """The same about some of the faces, by their places; what was skipped is left out."""
        return replace(
            self,
            samples=[self.samples[face] for face in faces],
            predicted=[self.predicted[face] for face in faces],
            sides=[self.sides[face] for face in faces],
            boxes=Counter(),
            skipped=[],
        )

    def score(self, data: str = "", split: str = "", normaliser: str | None = None) -> Evaluation:
        """The figures of the answers.

        Where the model's scheme is not the data's they are compared through the five points that both
        imply; `settings` says so, and the normalisers are still those of the data's keypoints. Against
        data of five points the model's five are moved by its `five_offset`, to where a hand places them;
        against keypoints of another scheme the means of both are compared as they stand.

        Args:
            data: the data set's name, for the result.
            split: its split, for the result.
            normaliser: what the figures are percent of; None for the primary one of the data's scheme.

        Raises:
            ValueError: where no face was answered, they differ in scheme, or it lacks the normaliser.
        """
        if not self.samples:
            raise ValueError(f"{data or 'the data'} gave no face to measure{in_short(self.skipped)}")
        if len({len(sample.keypoints) for sample in self.samples}) > 1:
            raise ValueError(f"{data or 'the data'} mixes faces of different keypoint counts")
        predicted, annotated = np.stack(self.predicted), np.stack([s.keypoints for s in self.samples])
        truth, visible = annotated, np.stack([sample.visible for sample in self.samples])
        settings: dict[str, Any] = {"boxes": dict(self.boxes), "refine": self.refine}
        scheme = _scheme_of_data(annotated.shape[1], self.scheme, self.data_scheme)
        if _differ(predicted.shape[1], self.scheme, truth.shape[1], scheme):
            settings["keypoints"] = {"model": predicted.shape[1], "data": truth.shape[1], "compared": 5}
            # One of the five counts where all that it is made of is visible.
            truth = to_five(np.where(visible[..., None], truth, np.nan), scheme)
            by_hand = annotated.shape[1] == 5
            predicted = implied_five(predicted, self.scheme, self.five_offset if by_hand else None)
            visible = np.isfinite(truth).all(axis=2)
        boxes = _listed_boxes(self.samples)
        evaluation = score(
            predicted,
            truth,
            annotated=annotated,
            scheme=scheme,
            visible=visible,
            sides=np.array(self.sides),
            boxes=boxes,
            names=[str(sample.image) for sample in self.samples],
            normaliser=normaliser,
            data=data,
            split=split,
        )
        known, faces = scheme or scheme_of(annotated.shape[1]), evaluation.counted
        compared = known if truth is annotated else scheme_of(5)
        groups = group_errors(
            parts_of(compared),
            predicted[faces],
            truth[faces],
            visible[faces],
            normalising_distances(annotated, evaluation.normaliser, boxes, scheme)[faces],
            to_five(annotated[faces], known) if implies_five(known) else None,
        )
        return replace(
            evaluation, skipped=self.skipped, settings=settings, groups=groups, names=compared.names
        )


def answer(
    predict: Predict,
    samples: Iterable[FaceSample],
    rule: CropRule,
    *,
    scheme: Scheme | None = None,
    five_offset: FiveOffset | None = None,
    boxes: Boxes = "listed",
    refine: bool = True,
    batch: int = 64,
    strict: bool = False,
    progress: bool = True,
    change: Callable[[FaceView], FaceView] | None = None,
    data_scheme: Scheme | None = None,
) -> Answers:
    """What a model says about labeled faces; `score` of the answers gives the figures.

    Photographs are opened when it is their turn. A model of more than five points is measured on data of
    another count through `implied_five`.

    Args:
        predict: from crops to keypoints.
        samples: any faces of one scheme; of a `Dataset`, unreadable photographs are noted there, and
            stop the run where it is strict.
        rule: how faces are cropped.
        scheme: the model's, and that of data with as many points; None for the default of their count.
        five_offset: the model's, for data of five points.
        boxes: where the crop comes from: `listed`, the data set's box where it has one, as a deployed
            model meets faces; `tight`, the annotated keypoints.
        refine: crop once more from the first answer, as the detector does.
        batch: faces that are predicted at once, at most.
        strict: of samples that are no `Dataset`, the first unreadable photograph raises DataError.
        progress: show a bar.
        change: what befalls each face before it is cropped.
        data_scheme: of the faces' keypoints; None for the model's where it has as many.

    Raises:
        ValueError: where the schemes do not fit or an answer is not finite.
    """
    if boxes not in ("listed", "tight"):
        raise ValueError(f"boxes are 'listed' or 'tight', not '{boxes}'")
    answers = Answers(refine, scheme=scheme, five_offset=five_offset, data_scheme=data_scheme)
    notes = samples.notes if isinstance(samples, Dataset) else Notes(strict)
    with meaning(data_scheme or scheme):
        faces = list(samples)
    with progress_bar(progress) as bar:
        task = bar.add_task("evaluating", total=len(faces))
        opened = _views(faces, boxes, notes, (scheme, data_scheme))
        for views in _batches(map(change, opened) if change else opened, batch):
            predicted, sides = _predict_twice(predict, views, rule, refine, scheme)
            for view, points, side in zip(views, predicted, sides, strict=True):
                _check_schemes(len(points), (scheme, data_scheme), view.sample)
                answers.samples.append(view.sample)
                answers.predicted.append(points)
                answers.sides.append(side)
                answers.boxes[view.source] += 1
            bar.advance(task, len(views))
    answers.skipped = list(notes.skipped)
    return answers


@dataclass(frozen=True)
class FaceView:
    """A face with its photograph open, and the tight box to crop around. source: where that box is from."""

    sample: FaceSample
    image: NDArray[np.uint8]
    tight: Box
    source: str


def _views(
    samples: Iterable[FaceSample], boxes: Boxes, notes: Notes, schemes: _Schemes
) -> Iterator[FaceView]:
    for sample in samples:
        listed = boxes == "listed" and sample.box is not None
        try:
            tight = tight_box_of(sample, listed, _scheme_of_data(len(sample.keypoints), *schemes))
            image = read_image(sample.image)
        except (OSError, ValueError) as error:
            notes.skip(sample.image, error)
            continue
        yield FaceView(sample, image, tight, sample.box_source if listed else "tight")


def _batches(views: Iterator[FaceView], size: int) -> Iterator[list[FaceView]]:
    opened: list[FaceView] = []
    for view in views:
        opened.append(view)
        if len(opened) >= size or sum(v.image.nbytes for v in opened) > _BATCH_BYTES:
            yield opened
            opened = []
    if opened:
        yield opened


def _predict_twice(
    predict: Predict, views: list[FaceView], rule: CropRule, refine: bool, scheme: Scheme | None
) -> tuple[list[NDArray[np.float64]], list[float]]:
    """Keypoints in pixels of each photograph, and the side of the crop that gave them."""
    tights = [view.tight for view in views]
    points, squares = _predict_around(predict, views, tights, rule)
    if refine:
        own = mapping_of(scheme.box_source) if scheme else None
        tights = [refined_box(p, first, own) for p, first in zip(points, tights, strict=True)]
        points, squares = _predict_around(predict, views, tights, rule)
    return points, [square.side for square in squares]


def _predict_around(
    predict: Predict, views: list[FaceView], tights: list[Box], rule: CropRule
) -> tuple[list[NDArray[np.float64]], list[Square]]:
    squares = [rule.square(tight) for tight in tights]
    crops = np.stack([cut(view.image, square, rule) for view, square in zip(views, squares, strict=True)])
    answers = np.asarray(predict(crops))
    if answers.ndim != 3 or len(answers) != len(crops) or answers.shape[2] != 2:
        raise ValueError(f"a model answers [{len(crops)}, N, 2], not {list(answers.shape)}")
    return [square.to_image(a) for square, a in zip(squares, answers, strict=True)], squares


def _listed_boxes(samples: list[FaceSample]) -> NDArray[np.float64] | None:
    """The data set's boxes [F, 4], NaN for a face without one; None where no face has one."""
    if all(sample.box is None for sample in samples):
        return None
    return np.array([sample.box or (np.nan,) * 4 for sample in samples], np.float64)


_Schemes = tuple[Scheme | None, Scheme | None]
"""The model's and the data's, as `answer` takes them."""


def _scheme_of_data(points: int, model: Scheme | None, stated: Scheme | None) -> Scheme | None:
    """The scheme of data with that many points: as stated, else the model's where it has as many."""
    return next((each for each in (stated, model) if each is not None and each.points == points), None)


def _differ(points: int, model: Scheme | None, marked: int, data: Scheme | None) -> bool:
    """Whether a model's keypoints are others than the data's: in number, or by their scheme."""
    return points != marked or not (model is None or data is None or model.is_like(data))


def _check_schemes(points: int, schemes: _Schemes, sample: FaceSample) -> None:
    """Raise ValueError where a model of that many points says nothing about a sample's."""
    marked, scheme = len(sample.keypoints), schemes[0]
    data = _scheme_of_data(marked, *schemes)
    if not _differ(points, scheme, marked, data):
        return
    if points > 5 and implies_five(scheme or points) and implies_five(data or marked):
        return
    if points == marked and scheme and data:
        raise ValueError(
            f"the model has the {points} keypoints of scheme '{scheme.name}' and the data those of "
            f"'{data.name}'; use data of the model's scheme"
        )
    raise ValueError(
        f"the model has {points} keypoints and {sample.image} has {marked}; use data of the model's "
        "scheme, or of one that tells its five points (key five of --scheme FILE.yaml)"
    )

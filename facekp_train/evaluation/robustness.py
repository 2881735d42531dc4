"""How far a model can be put off: its error as the face's box is moved or resized, and as the face is tilted.

Box jitter says what a face finder's carelessness costs; tilt, what a phone held askew does. Imports
neither torch nor tensorflow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from facekp_train.boxes import mapping_of
from facekp_train.common.feedback.progress import progress_bar
from facekp_train.crop import CropRule, apply_affine
from facekp_train.evaluation.evaluate import Answers, Boxes, FaceView, answer
from facekp_train.landmarks import Scheme
from facekp_train.metadata import FiveOffset
from facekp_train.samples import Box, FaceSample, Predict

Matrix = NDArray[np.float64]
Kind = Literal["shift", "scale", "finder", "tilt"]
JITTER: dict[Kind, tuple[float, ...]] = {
    "shift": (0.0, 0.05, 0.1, 0.15, 0.2, 0.3),
    "scale": (0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0),
    "finder": (0.0, 1.0, 2.0),
}
TILT: dict[Kind, tuple[float, ...]] = {"tilt": (-45.0, -30.0, -15.0, 0.0, 15.0, 30.0, 45.0)}
MEANINGS: dict[Kind, str] = {
    "shift": "the box moved by a share of its side, in a random direction",
    "scale": "the box's side times",
    "finder": "the box moved and resized at random, as BlazeFace's boxes are, times",
    "tilt": "the photograph turned about the face, degrees",
}
_NEUTRAL: dict[Kind, float] = {"shift": 0.0, "scale": 1.0, "finder": 0.0, "tilt": 0.0}
# How far from the middle of a face's box a turned photograph goes, in sides of the box and in pixels:
# two crops in a row stay well within, and a turned square of the most still fits cv2.warpAffine's 16 bits.
_REACH = 5.0
_REACH_PIXELS = 1_000, 11_000
_FINDER = "blazeface"
_SEED = 0


@dataclass(frozen=True)
class Point:
    """A model's error under one change, in percent of the normaliser, with and without a second crop.

    kind and amount: `MEANINGS`. n: faces. nme: from one crop; nme_refined: from the crop around the
    first answer. failure_rate_refined: percent of faces whose refined answer is above 10.
    """

    kind: Kind
    amount: float
    n: int
    nme: float
    nme_refined: float
    failure_rate_refined: float


@dataclass(frozen=True)
class Robustness:
    """A model's points, and the normaliser that they are percent of."""

    normaliser: str
    points: list[Point]

    def by_kind(self) -> dict[Kind, list[Point]]:
        """The points of each kind, in the order of their amounts."""
        kinds: dict[Kind, list[Point]] = {}
        for point in self.points:
            kinds.setdefault(point.kind, []).append(point)
        return kinds

    def as_json(self) -> dict[str, Any]:
        """Plain data for `robustness` of `--json`."""
        kinds = {kind: [asdict(point) for point in points] for kind, points in self.by_kind().items()}
        return {"normaliser": self.normaliser, **kinds}


def measure_robustness(
    predict: Predict,
    faces: Sequence[FaceSample],
    rule: CropRule,
    amounts: Mapping[Kind, tuple[float, ...]],
    *,
    scheme: Scheme | None = None,
    five_offset: FiveOffset | None = None,
    normaliser: str | None = None,
    boxes: Boxes = "listed",
    batch: int = 64,
    progress: bool = True,
) -> Robustness:
    """The error for every kind and amount of change, the same chance for every amount and model.

    amounts: `JITTER`, `TILT` or others. scheme: the model's; None for the default of its count.
    five_offset: the model's. normaliser: None for the primary one of the data's scheme. boxes: where the
    box is from before it is changed. Errors are over the unchanged face's normalising
    distance. Raises as `facekp_train.evaluation.evaluate.answer`, and ValueError where no face can be
    measured.
    """
    wanted: list[tuple[Kind, float]] = [
        (kind, amount) for kind, values in amounts.items() for amount in values
    ]
    points: list[Point] = []
    reported, neutral = "", None
    with progress_bar(progress) as bar:
        for kind, amount in bar.track(wanted, description="changing boxes and tilt"):
            if neutral is not None and amount == _NEUTRAL[kind]:
                points.append(replace(neutral, kind=kind, amount=amount))
                continue
            once, refined = (
                _as_unturned(
                    answer(
                        predict, faces, rule, scheme=scheme, five_offset=five_offset, boxes=boxes,
                        refine=refine, batch=batch, progress=False, change=_change(kind, amount),
                    ),
                    amount if kind == "tilt" else 0.0,
                ).score(normaliser=normaliser)
                for refine in (False, True)
            )  # fmt: skip
            reported = once.normaliser
            nmes = once.nme[reported], refined.nme[reported]
            points.append(Point(kind, amount, once.n, *nmes, refined.failure_rate["10"]))
            if amount == _NEUTRAL[kind]:
                neutral = points[-1]
    return Robustness(reported, points)


def turned(view: FaceView, degrees: float) -> FaceView:
    """The photograph turned counter-clockwise about the middle of the face's box.

    Boxes keep their size and their middle, since a face finder sees a tilted face so. Nothing is cut
    off but what lies far from the face, where no crop looks.
    """
    image, corner = _surroundings(view)
    height, width = image.shape[:2]
    matrix = _rotation(degrees, _middle(view.tight))
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], float) + corner
    moved = apply_affine(matrix, corners - 0.5)
    matrix[:, 2] -= moved.min(axis=0) + 0.5
    size = np.ceil(np.ptp(moved, axis=0)).astype(int)
    of_part = matrix.copy()
    of_part[:, 2] = apply_affine(matrix, corner)
    image = cv2.warpAffine(image, of_part, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR)
    keypoints = apply_affine(matrix, view.sample.keypoints).astype(np.float32)
    listed = view.sample.box and _carried(view.sample.box, matrix)
    sample = replace(view.sample, keypoints=keypoints, box=listed)
    return FaceView(sample, np.asarray(image, np.uint8), _carried(view.tight, matrix), view.source)


def _change(kind: Kind, amount: float) -> Callable[[FaceView], FaceView]:
    chance = np.random.default_rng(_SEED)
    if kind == "tilt":
        return lambda view: turned(view, amount)
    if kind == "scale":
        return lambda view: _boxed(view, 0.0, 0.0, amount)
    if kind == "shift":

        def shifted(view: FaceView) -> FaceView:
            angle = chance.uniform(0, 2 * np.pi)
            return _boxed(view, amount * np.cos(angle), amount * np.sin(angle), 1.0)

        return shifted
    spread = mapping_of(_FINDER)

    def as_found(view: FaceView) -> FaceView:
        # The spreads are in units of the finder's box, whose side is 1 / scale of the tight one's.
        dx, dy, growth = chance.normal(0, amount, 3) * (spread.sd_dx, spread.sd_dy, spread.sd_scale)
        return _boxed(view, dx / spread.scale, dy / spread.scale, float(np.exp(growth)))

    return as_found


def _as_unturned(answers: Answers, degrees: float) -> Answers:
    """Faces and answers turned back, since a tilted face's keypoint box is larger than the face's own.

    About any point: no figure asks where on the photograph a face lies.
    """
    back = _rotation(-degrees, (0.0, 0.0))
    samples = [
        replace(sample, keypoints=apply_affine(back, sample.keypoints).astype(np.float32))
        for sample in answers.samples
    ]
    predicted = [apply_affine(back, points) for points in answers.predicted]
    return replace(answers, samples=samples, predicted=predicted)


def _rotation(degrees: float, centre: tuple[float, float]) -> Matrix:
    return np.asarray(cv2.getRotationMatrix2D(centre, degrees, 1.0), np.float64)


def _surroundings(view: FaceView) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The part of the photograph near the face, at least a pixel, and its upper left corner, x then y."""
    reach = int(np.clip(_REACH * max(view.tight[2:]), *_REACH_PIXELS))
    last = np.array(view.image.shape[1::-1]) - 1
    middle = np.round(_middle(view.tight))
    low = np.clip(middle - reach, 0, last).astype(np.float64)
    high = np.clip(middle + reach, low, last) + 1
    (left, right), (top, bottom) = np.column_stack([low, high]).astype(int).tolist()
    return view.image[top:bottom, left:right], low


def _boxed(view: FaceView, dx: float, dy: float, scale: float) -> FaceView:
    """The box moved by shares of its longer side, then resized about its middle."""
    x, y, width, height = view.tight
    side = max(width, height)
    moved = x + dx * side, y + dy * side, width, height
    return replace(view, tight=_about(_middle(moved), width * scale, height * scale))


def _carried(box: Box, matrix: Matrix) -> Box:
    """The box with its middle moved by an affine map."""
    x, y = apply_affine(matrix, np.array(_middle(box))).tolist()
    return _about((x, y), *box[2:])


def _middle(box: Box) -> tuple[float, float]:
    x, y, width, height = box
    return x + width / 2, y + height / 2


def _about(middle: tuple[float, float], width: float, height: float) -> Box:
    return middle[0] - width / 2, middle[1] - height / 2, width, height

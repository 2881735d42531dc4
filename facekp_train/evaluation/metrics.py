"""How far keypoints lie from the truth: NME, failure rate, AUC, MSE. numpy only.

A face's error is the mean distance of its counted keypoints, divided by a distance of the face that
has a name, the normaliser: `inter_ocular` (outer eye corners), `inter_pupil` (eye centres), `box`,
the root of width times height of the smallest upright box around the face's annotated keypoints, or
`face_box`, the same of the box that the data set gives. NME is the mean of that over faces, in percent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facekp_train.evaluation.groups import GroupErrors, groups_as_json
from facekp_train.landmarks import Doubles, Floats, Scheme, scheme_of

FAILURE_THRESHOLDS = (8, 10)
"""A face fails where its error exceeds so many percent of the normaliser."""
AUC_THRESHOLD = 8.0
"""The cumulative error curve is integrated from 0 to so many percent, as is usual on 300W."""


@dataclass(frozen=True)
class Evaluation:
    """The figures of one model on one split. Errors are percent of the normaliser; `mse` is not.

    Attributes:
        n: faces that count.
        nme: by normaliser.
        failure_rate: percent of faces above 8 and 10 %.
        auc: area under the cumulative error curve up to `auc_threshold` percent, 0 to 1.
        mse: mean squared error of a coordinate in units of the crop's side.
        normaliser: the one of failure_rate, auc, median, p90, p95, per_landmark and errors.
        per_landmark: in the order of `names`, the keypoints'; None where one was never counted.
        errors: float64 [n], one a face.
        counted: int [n], its place in the input.
        excluded: faces without a usable truth.
        skipped: files that could not be read.
        settings: how it was measured.
        groups: the errors [n] by group of keypoints.
    """

    data: str
    split: str
    n: int
    nme: dict[str, float]
    failure_rate: dict[str, float]
    auc: float
    mse: float
    points: int
    normaliser: str
    auc_threshold: float
    median: float
    p90: float
    p95: float
    per_landmark: list[float | None]
    errors: Doubles = field(repr=False)
    counted: NDArray[np.intp] = field(repr=False)
    excluded: list[dict[str, str]] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, GroupErrors] = field(default_factory=dict, repr=False)
    names: tuple[str, ...] = field(default=(), repr=False)

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`: everything but the single faces."""
        document = {each.name: getattr(self, each.name) for each in fields(self) if each.repr}
        return document | {"groups": groups_as_json(self.groups)}


def normaliser_names(scheme: Scheme | int, boxed: bool = False) -> tuple[str, ...]:
    """The normalisers of a scheme, the primary one first; each scheme of more than two points has `box`.

    AFLW's schemes have no eye distance, since a turned face hides an eye: with the data set's boxes at
    hand they have `face_box`, as papers report them.

    Args:
        scheme: a scheme, or a count for its default.
        boxed: whether the data set's boxes are at hand.
    """
    known = scheme if isinstance(scheme, Scheme) else scheme_of(scheme)
    box = () if known.points == 2 and known.normalisers else ("box",)  # a line's has no height
    return (*known.normalisers, *box) if known.normalisers or not boxed else ("face_box", "box")


def in_words(normaliser: str) -> str:
    """A normaliser as people read it."""
    return {
        "inter_ocular": "inter-ocular distance",
        "inter_pupil": "inter-pupil distance",
        "box": "the keypoint box's size",
        "face_box": "the data set's face box's size",
    }.get(normaliser, normaliser)


def normalising_distances(
    truth: Floats, normaliser: str, boxes: Floats | None = None, scheme: Scheme | None = None
) -> Doubles:
    """What the errors of faces are divided by.

    Args:
        truth: [F, N, 2].
        normaliser: its name.
        boxes: [F, 4] (x, y, width, height), the data set's, for `face_box`; NaN for a face without one.
        scheme: of the keypoints; None for the default of their count.

    Returns:
        float64 [F] in the unit of `truth`, NaN where unknown.

    Raises:
        ValueError: for a normaliser that the scheme, or a scheme without boxes, does not have.
    """
    truth = np.asarray(truth, np.float64)
    points = truth.shape[1]
    scheme = scheme or scheme_of(points)
    names = normaliser_names(scheme, boxes is not None)
    if normaliser not in names:
        raise ValueError(f"{points} keypoints have no normalizer '{normaliser}', only {', '.join(names)}")
    if normaliser in ("box", "face_box"):
        extent = _extents(truth) if normaliser == "box" else np.asarray(boxes, np.float64)[:, 2:]
        return np.sqrt(extent.prod(axis=1))
    first, second = scheme.normalisers[normaliser]
    span = truth[:, list(first)].mean(axis=1) - truth[:, list(second)].mean(axis=1)
    return np.hypot(span[:, 0], span[:, 1])


def failure_rate(errors: Doubles, threshold: float) -> float:
    """Percent of faces whose error (percent) exceeds the threshold (percent)."""
    return float((_some(errors) > threshold).mean() * 100)


def area_under_curve(errors: Doubles, threshold: float = AUC_THRESHOLD) -> float:
    """Area under the cumulative error curve from 0 to `threshold` percent, over it: 0 to 1.

    Exact: each face adds the share of the interval that lies beyond its error.
    """
    return float(np.clip(1 - _some(errors) / threshold, 0, 1).mean())


def cumulative_curve(errors: Doubles, limit: float = 15.0, steps: int = 301) -> tuple[Doubles, Doubles]:
    """The cumulative error distribution: errors 0 to `limit` percent, share of faces at or below."""
    at = np.linspace(0, limit, steps)
    ordered = np.sort(_some(errors))
    return at, np.searchsorted(ordered, at, side="right") / len(ordered)


def score(
    predicted: Floats,
    truth: Floats,
    *,
    annotated: Floats | None = None,
    scheme: Scheme | None = None,
    visible: NDArray[np.bool_] | None = None,
    sides: Floats | None = None,
    boxes: Floats | None = None,
    names: Sequence[str] | None = None,
    normaliser: str | None = None,
    data: str = "",
    split: str = "",
) -> Evaluation:
    """Every figure of predictions against the truth.

    A face that lacks any normaliser counts in no figure, so that all are over the same faces.

    Args:
        predicted: [F, N, 2].
        truth: [F, N, 2] in the unit of `predicted`.
        annotated: [F, M, 2], the keypoints that the truth was derived from, if it was: the normalisers
            are theirs.
        scheme: of these, or of the truth; None for the default of their count.
        visible: bool [F, N], of the truth.
        sides: [F], the crop's side in the unit of the points, for the MSE; None where the points are in
            [0, 1] of the crop already.
        boxes: [F, 4], the data set's, for `face_box`; NaN for a face without.
        names: [F], for `excluded`.
        normaliser: the one of all figures but `nme`; None for the scheme's primary one.
        data: the data set's name, for the result.
        split: its split, for the result.

    Raises:
        ValueError: where no face is left, a prediction is not finite or the scheme lacks the normaliser.
    """
    marks = truth if annotated is None else annotated
    normalisers = normaliser_names(scheme or np.shape(marks)[1], boxes is not None)
    primary = normaliser or normalisers[0]
    wanted = dict.fromkeys((*normalisers, primary))
    scales = {name: _positive(normalising_distances(marks, name, boxes, scheme)) for name in wanted}
    distances = _distances(predicted, truth, visible)
    by_name = {name: _mean_over_points(distances) / scale for name, scale in scales.items()}
    good = np.isfinite(list(by_name.values())).all(axis=0)
    if not good.any():
        raise ValueError(f"no face of {data or 'the data'} can be measured: {len(good)} given, {_REASON}")
    counted = np.flatnonzero(good)
    errors = by_name[primary][good] * 100
    median, p90, p95 = np.percentile(errors, [50, 90, 95]).tolist()
    distances = distances[good]
    relative = distances / scales[primary][good, None] * 100
    labels: Sequence[str] = [f"face {i}" for i in range(len(good))] if names is None else names
    return Evaluation(
        data=data,
        split=split,
        n=len(errors),
        nme={name: float(values[good].mean() * 100) for name, values in by_name.items()},
        failure_rate={f"{limit}": failure_rate(errors, limit) for limit in FAILURE_THRESHOLDS},
        auc=area_under_curve(errors),
        mse=_mse(distances, np.ones(len(good)) if sides is None else np.asarray(sides), good),
        points=distances.shape[1],
        normaliser=primary,
        auc_threshold=AUC_THRESHOLD,
        median=median,
        p90=p90,
        p95=p95,
        per_landmark=[_mean_or_none(column) for column in relative.T],
        errors=errors,
        counted=counted,
        excluded=[{"file": str(labels[i]), "reason": _REASON} for i in np.flatnonzero(~good).tolist()],
    )


_REASON = "no counted keypoint, or a normalizing distance that is zero or unknown"


def _distances(predicted: Floats, truth: Floats, visible: NDArray[np.bool_] | None) -> Doubles:
    """Distance of every keypoint [F, N]; NaN where it does not count."""
    predicted, truth = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    if predicted.shape != truth.shape or predicted.ndim != 3 or predicted.shape[2] != 2:
        raise ValueError(f"predictions {predicted.shape} and truth {truth.shape} are not both [F, N, 2]")
    if not np.isfinite(predicted).all():
        face = int(np.flatnonzero(~np.isfinite(predicted).all(axis=(1, 2)))[0])
        raise ValueError(f"the model's answer for face {face} is not finite; the model is damaged")
    distances = np.linalg.norm(predicted - truth, axis=2)
    counts = np.isfinite(distances) if visible is None else np.isfinite(distances) & visible
    return np.where(counts, distances, np.nan)


def _positive(scale: Doubles) -> Doubles:
    """NaN for what nothing can be divided by."""
    return np.where(scale > 0, scale, np.nan)


def _mean_over_points(distances: Doubles) -> Doubles:
    counted = np.isfinite(distances).sum(axis=1)
    return np.nansum(distances, axis=1) / np.where(counted > 0, counted, np.nan)


def _mse(distances: Doubles, sides: Floats, good: NDArray[np.bool_]) -> float:
    # The squared distance holds two coordinates.
    return float(np.nanmean((distances / sides[good, None]) ** 2) / 2)


def _mean_or_none(values: Doubles) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _extents(truth: Doubles) -> Doubles:
    """Width and height of each face's annotated keypoints [F, 2]; zero where there are none."""
    known = np.isfinite(truth).all(axis=2, keepdims=True)
    low = np.where(known, truth, np.inf).min(axis=1)
    high = np.where(known, truth, -np.inf).max(axis=1)
    return np.where(known.any(axis=1), high - low, 0)


def _some(errors: Doubles) -> Doubles:
    if not len(errors):
        raise ValueError("there is no face to measure")
    return np.asarray(errors)

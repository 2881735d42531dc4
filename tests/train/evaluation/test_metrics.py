"""Errors by every normaliser."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_train.evaluation.metrics import (
    area_under_curve,
    cumulative_curve,
    failure_rate,
    normaliser_names,
    normalising_distances,
    score,
)
from facekp_train.landmarks import SCHEMES, to_five

percents = st.lists(st.floats(0, 40), min_size=1, max_size=50).map(np.array)


def faces(count: int, points: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, points, 2)) * 100


def test_errors_of_a_face_worked_out_by_hand() -> None:
    truth = np.array([[[0, 0], [10, 0], [5, 5], [2, 10], [8, 20]]], float)
    predicted: np.ndarray = truth + np.array([3.0, 4.0])
    result = score(predicted, truth, sides=np.array([50]))
    assert result.nme == pytest.approx({"inter_pupil": 50, "box": 500 / np.sqrt(200)})
    assert result.mse == pytest.approx((9 + 16) / 2 / 50**2)
    assert result.failure_rate == {"8": 100, "10": 100}
    assert (result.n, result.auc, result.normaliser) == (1, 0, "inter_pupil")
    assert result.per_landmark == pytest.approx([50] * 5)


def test_normalisers_of_68_points() -> None:
    truth = faces(3, 68)
    outer = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=1)
    centres = np.linalg.norm(truth[:, 36:42].mean(axis=1) - truth[:, 42:48].mean(axis=1), axis=1)
    extent = np.ptp(truth, axis=1)
    np.testing.assert_allclose(normalising_distances(truth, "inter_ocular"), outer)
    np.testing.assert_allclose(normalising_distances(truth, "inter_pupil"), centres)
    np.testing.assert_allclose(normalising_distances(truth, "box"), np.sqrt(extent[:, 0] * extent[:, 1]))


@pytest.mark.parametrize("points", [19, 21])
def test_aflw_is_measured_over_the_data_sets_box(points: int) -> None:
    """The root of its width times height, on visible keypoints."""
    truth = faces(3, points)
    predicted = truth + np.array([3.0, 4.0])
    predicted[0, 5] += 1000
    visible = np.ones((3, points), bool)
    visible[0, 5] = False
    boxes = np.array([[0, 0, 4, 9], [7, 7, 100, 100], [np.nan] * 4])
    result = score(predicted, truth, visible=visible, boxes=boxes, names=["a", "b", "c"])
    assert result.normaliser == "face_box"
    assert set(result.nme) == {"face_box", "box"}
    assert result.nme["face_box"] == pytest.approx(100 * (5 / 6 + 5 / 100) / 2)
    # One without a box counts in no figure, and is named.
    assert [entry["file"] for entry in result.excluded] == ["c"]
    with pytest.raises(ValueError, match="no normalizer 'face_box', only box"):
        normalising_distances(truth, "face_box")


def test_the_data_sets_boxes_change_nothing_where_there_is_an_eye_distance() -> None:
    truth, predicted = faces(3, 68), faces(3, 68, 1)
    assert score(predicted, truth, boxes=np.full((3, 4), np.nan)).nme == score(predicted, truth).nme


def test_every_scheme_says_its_normalisers() -> None:
    named = {points: normaliser_names(points) for points in SCHEMES}
    assert named[5] == ("inter_pupil", "box")
    assert named[19] == named[21] == ("box",)
    assert named[68] == named[98] == named[29] == ("inter_ocular", "inter_pupil", "box")
    with pytest.raises(ValueError, match="no normalizer 'inter_ocular', only inter_pupil, box"):
        normalising_distances(faces(1, 5), "inter_ocular")


@given(st.sampled_from(sorted(SCHEMES)), st.floats(0.01, 100), st.floats(-500, 500), st.integers(0, 99))
def test_figures_do_not_hang_on_size_or_place(points: int, scale: float, shift: float, seed: int) -> None:
    truth, predicted = faces(4, points, seed), faces(4, points, seed + 1)
    for name in normaliser_names(points):
        moved = score(predicted * scale + shift, truth * scale + shift, normaliser=name)
        np.testing.assert_allclose(moved.errors, score(predicted, truth, normaliser=name).errors, rtol=1e-6)


def test_hidden_and_unlabelled_keypoints_do_not_count() -> None:
    truth, predicted = faces(2, 68), faces(2, 68)
    predicted[:, 0] += 1000
    truth[1, 3] = np.nan
    visible = np.ones((2, 68), bool)
    visible[:, 0] = False
    result = score(predicted, truth, visible=visible)
    assert result.nme == pytest.approx({"inter_ocular": 0, "inter_pupil": 0, "box": 0})
    assert result.mse == 0
    assert result.per_landmark[0] is None
    assert result.n == 2


def test_faces_that_cannot_be_normalised_are_named_and_left_out() -> None:
    truth = faces(4, 68)
    predicted = truth + 1
    truth[1, 45] = truth[1, 36]
    truth[2, 40] = np.nan
    visible = np.ones((4, 68), bool)
    visible[3] = False
    result = score(predicted, truth, visible=visible, names=["a", "b", "c", "d"])
    assert [entry["file"] for entry in result.excluded] == ["b", "c", "d"]
    assert result.n == 1
    assert result.counted.tolist() == [0]
    alone = score(predicted[:1], truth[:1])
    assert result.nme == alone.nme
    assert result.mse == alone.mse


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(ValueError, match="no face of here can be measured: 2 given, no counted keypoint"):
        score(np.zeros((2, 5, 2)), np.zeros((2, 5, 2)), data="here")
    with pytest.raises(ValueError, match="no face"):
        score(np.zeros((0, 5, 2)), np.zeros((0, 5, 2)))


def test_answers_that_are_not_finite_are_never_averaged() -> None:
    predicted = faces(3, 5)
    predicted[1, 2, 0] = np.nan
    with pytest.raises(ValueError, match="face 1 is not finite"):
        score(predicted, faces(3, 5))


def test_shapes_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"not both \[F, N, 2\]"):
        score(faces(3, 68), faces(3, 5))


def test_the_normalisers_are_those_of_the_keypoints_that_the_truth_was_derived_from() -> None:
    annotated, predicted = faces(4, 68), faces(4, 5, 1)
    truth = to_five(annotated)
    result = score(predicted, truth, annotated=annotated)
    distances = np.linalg.norm(predicted - truth, axis=2).mean(axis=1)
    eyes = np.linalg.norm(annotated[:, 36] - annotated[:, 45], axis=1)
    assert result.errors == pytest.approx(distances / eyes * 100)
    assert (result.points, result.normaliser) == (5, "inter_ocular")


@given(percents, st.floats(1, 20))
def test_area_under_curve_is_the_integral_of_the_curve(errors: np.ndarray, threshold: float) -> None:
    at, share = cumulative_curve(errors, threshold, 20_001)
    integral = (share[:-1] + share[1:]).sum() / 2 * (at[1] - at[0]) / threshold
    assert area_under_curve(errors, threshold) == pytest.approx(integral, abs=1e-3)


@given(percents)
def test_curve_rises_and_meets_the_failure_rate(errors: np.ndarray) -> None:
    at, share = cumulative_curve(errors, 10, 11)
    assert (np.diff(share) >= 0).all()
    assert failure_rate(errors, float(at[8])) == pytest.approx(100 * (1 - share[8]))


def test_a_face_at_the_threshold_has_not_failed() -> None:
    assert failure_rate(np.array([8.0, 8.001, 1.0, 2.0]), 8) == 25


def test_spread_of_the_faces() -> None:
    truth = np.zeros((101, 5, 2))
    truth[:, 1] = truth[:, 3] = (100, 50)
    predicted = truth + np.arange(101)[:, None, None] * [1.0, 0]
    result = score(predicted, truth)
    eyes = np.hypot(100, 50) / 100
    assert (result.median, result.p90, result.p95) == pytest.approx((50 / eyes, 90 / eyes, 95 / eyes))


def test_json_holds_the_promised_fields() -> None:
    result = score(faces(3, 68), faces(3, 68, 1), data="pts:x", split="all")
    document = json.loads(json.dumps(result.as_json(), allow_nan=False))
    promised = ["data", "split", "n", "nme", "failure_rate", "auc", "mse"]
    assert list(document)[:7] == promised
    assert set(document["nme"]) == {"inter_ocular", "inter_pupil", "box"}
    assert set(document["failure_rate"]) == {"8", "10"}
    assert document["normaliser"] == "inter_ocular"
    assert document["auc_threshold"] == 8
    assert len(document["per_landmark"]) == 68
    assert not {"errors", "counted"} & set(document)

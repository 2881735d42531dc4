"""Errors by every normaliser, and evaluation as the model is used."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_train import evaluate as evaluation_module
from facekp_train.boxes import mapping_of, tight_box_of
from facekp_train.crop import CropRule
from facekp_train.datasets import DataError, open_dataset
from facekp_train.evaluate import answer
from facekp_train.landmarks import SCHEMES, to_five
from facekp_train.metrics import (
    area_under_curve,
    cumulative_curve,
    face_errors,
    failure_rate,
    normaliser_names,
    normalising_distances,
    score,
)
from facekp_train.samples import Box, FaceSample, read_image

RULE = CropRule()
percents = st.lists(st.floats(0, 40), min_size=1, max_size=50).map(np.array)


def faces(count: int, points: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, points, 2)) * 100


# Figures


def test_errors_of_a_face_worked_out_by_hand() -> None:
    truth = np.array([[[0, 0], [10, 0], [5, 5], [2, 10], [8, 20]]], float)
    predicted: np.ndarray = truth + np.array([3.0, 4.0])
    assert face_errors(predicted, truth, "inter_pupil") == pytest.approx([0.5])
    assert face_errors(predicted, truth, "box") == pytest.approx([5 / np.sqrt(10 * 20)])
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
    with pytest.raises(ValueError, match="no normaliser 'face_box', only box"):
        normalising_distances(truth, "face_box")


def test_the_data_sets_boxes_change_nothing_where_there_is_an_eye_distance() -> None:
    truth, predicted = faces(3, 68), faces(3, 68, 1)
    assert score(predicted, truth, boxes=np.full((3, 4), np.nan)).nme == score(predicted, truth).nme


def test_every_scheme_says_its_normalisers() -> None:
    named = {points: normaliser_names(points) for points in SCHEMES}
    assert named[5] == ("inter_pupil", "box")
    assert named[19] == named[21] == ("box",)
    assert named[68] == named[98] == named[29] == ("inter_ocular", "inter_pupil", "box")
    with pytest.raises(ValueError, match="no normaliser 'inter_ocular', only inter_pupil, box"):
        normalising_distances(faces(1, 5), "inter_ocular")


@given(st.sampled_from(sorted(SCHEMES)), st.floats(0.01, 100), st.floats(-500, 500), st.integers(0, 99))
def test_figures_do_not_hang_on_size_or_place(points: int, scale: float, shift: float, seed: int) -> None:
    truth, predicted = faces(4, points, seed), faces(4, points, seed + 1)
    for name in normaliser_names(points):
        moved = face_errors(predicted * scale + shift, truth * scale + shift, name)
        np.testing.assert_allclose(moved, face_errors(predicted, truth, name), rtol=1e-6)


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
    with pytest.raises(ValueError, match="no face of here can be measured: 2 were given"):
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


# Evaluation

COLOURS = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255)])


def dotted_face(folder: Path, name: str, five: np.ndarray, box: Box | None = None) -> FaceSample:
    """A photograph with a coloured dot at each of five points, which `find_dots` finds."""
    image = np.zeros((300, 400, 3), np.uint8)
    for (x, y), colour in zip(five, COLOURS.tolist(), strict=True):
        centre = round(x * 16), round(y * 16)
        cv2.circle(image, centre, 5 * 16, colour[::-1], cv2.FILLED, cv2.LINE_AA, 4)
    cv2.imwrite(str(folder / name), image)
    return FaceSample(folder / name, five.astype(np.float32), np.ones(5, bool), box, "mtfl")


def find_dots(crops: np.ndarray) -> np.ndarray:
    """A perfect model for `dotted_face`: the centre of mass of each colour, in [0, 1]."""
    rows, columns = (np.mgrid[:128, :128] + 0.5) / 128
    likeness = np.maximum(0, 120 - np.abs(crops[:, None].astype(float) - COLOURS[:, None, None]).sum(-1))
    mass = likeness.sum(axis=(2, 3)) + 1e-9
    return np.stack([(likeness * axis).sum(axis=(2, 3)) / mass for axis in (columns, rows)], axis=-1)


def dotted_faces(folder: Path, count: int = 5) -> list[FaceSample]:
    rng = np.random.default_rng(0)
    middle = np.array([[150.0, 100], [210, 102], [180, 135], [158, 165], [205, 168]])
    return [
        dotted_face(folder, f"{i}.png", middle + rng.normal(0, 3, (5, 2)), (120, 60, 120, 130))
        for i in range(count)
    ]


@pytest.mark.parametrize("boxes", ["listed", "tight"])
@pytest.mark.parametrize("batch", [1, 2, 64])
def test_a_perfect_model_has_no_error(tmp_path: Path, boxes: str, batch: int) -> None:
    answers = answer(find_dots, dotted_faces(tmp_path), RULE, boxes=boxes, batch=batch, progress=False)  # type: ignore[arg-type]
    result = answers.score()
    assert result.n == 5
    assert result.nme["inter_pupil"] < 0.5
    assert result.failure_rate == {"8": 0, "10": 0}
    assert result.settings == {"boxes": {"mtfl" if boxes == "listed" else "tight": 5}, "refine": True}


def test_crops_come_from_the_box_asked_for(tmp_path: Path) -> None:
    sample = dotted_faces(tmp_path, 1)[0]
    assert sample.box is not None
    for boxes, tight in (
        ("listed", mapping_of("mtfl").to_tight(sample.box)),
        ("tight", tight_box_of(sample)),
    ):
        answers = answer(find_dots, [sample], RULE, boxes=boxes, progress=False)  # type: ignore[arg-type]
        assert answers.sides == pytest.approx([1.3 * tight[2]])
    with pytest.raises(ValueError, match="'listed' or 'tight'"):
        answer(find_dots, [sample], RULE, boxes="any", progress=False)  # type: ignore[arg-type]


def ring(crops: np.ndarray) -> np.ndarray:
    """A 68-point model that always answers a ring around (0.6, 0.5)."""
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = np.column_stack([0.6 + 0.3 * np.cos(turn), 0.5 + 0.3 * np.sin(turn)])
    return np.tile(points, (len(crops), 1, 1))


def test_refining_crops_again_around_the_first_answer(tmp_path: Path) -> None:
    sample = dotted_faces(tmp_path, 1)[0]
    first = RULE.square(tight_box_of(sample, prefer_listed=True))
    plain = answer(ring, [sample], RULE, refine=False, progress=False)
    np.testing.assert_allclose(plain.predicted[0], to_five(first.to_image(ring(np.zeros(1))[0])), rtol=1e-6)
    refined = answer(ring, [sample], RULE, refine=True, progress=False)
    # The ring's diameter is 0.6 of the first square; the second is 1.3 times that.
    side = first.side * 0.6 * 1.3
    assert refined.sides == pytest.approx([side], rel=1e-3)
    centre = first.x + 0.1 * first.side + 0.1 * side
    assert to_five(ring(np.zeros(1))[0]).shape == refined.predicted[0].shape
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)[36:42]
    assert refined.predicted[0][0, 0] == pytest.approx(centre + 0.3 * side * np.cos(turn).mean(), rel=1e-3)


def test_a_68_point_model_is_measured_on_five_points(tmp_path: Path) -> None:
    result = answer(ring, dotted_faces(tmp_path), RULE, progress=False).score()
    assert result.points == 5
    assert set(result.nme) == {"inter_pupil", "box"}


def test_schemes_that_do_not_fit_are_an_error(tmp_path: Path) -> None:
    sample = dotted_faces(tmp_path, 1)[0]
    many = FaceSample(sample.image, faces(1, 68)[0].astype(np.float32), np.ones(68, bool))
    with pytest.raises(ValueError, match=r"the model has 5 keypoints and .* has 68"):
        answer(find_dots, [many], RULE, progress=False).score()


def test_unreadable_photographs_are_counted_and_named(tmp_path: Path) -> None:
    samples = dotted_faces(tmp_path)
    samples[2].image.write_bytes(samples[2].image.read_bytes()[:200])
    samples[3].image.unlink()
    result = answer(find_dots, samples, RULE, progress=False).score()
    assert result.n == 3
    assert [entry["file"] for entry in result.skipped] == [str(s.image) for s in samples[2:4]]
    assert not any(entry["file"] in entry["reason"] for entry in result.skipped)
    with pytest.raises(DataError, match=r"2\.png: not an image.*--strict"):
        answer(find_dots, samples, RULE, strict=True, progress=False)


def test_strict_stops_at_an_unreadable_photograph(tmp_path: Path) -> None:
    sample = dotted_faces(tmp_path, 1)[0]
    rows = "\n".join(f"{x + 1} {y + 1}" for x, y in sample.keypoints.tolist())
    (tmp_path / "0.pts").write_text(f"version: 1\nn_points: 5\n{{\n{rows}\n}}\n")
    sample.image.write_bytes(b"")
    relaxed = open_dataset(f"pts:{tmp_path}")
    with pytest.raises(ValueError, match="no face to measure, 1 were skipped"):
        answer(find_dots, relaxed, RULE, progress=False).score()
    assert [entry["file"] for entry in relaxed.skipped] == [str(sample.image)]
    with pytest.raises(DataError, match=r"0\.png.*--strict"):
        answer(find_dots, open_dataset(f"pts:{tmp_path}", strict=True), RULE, progress=False).score()


def test_a_model_that_answers_another_shape_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a model answers \[1, N, 2\]"):
        answer(lambda crops: np.zeros((len(crops), 136)), dotted_faces(tmp_path, 1), RULE, progress=False)


def test_only_a_batch_of_photographs_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large the batch, photographs beyond the memory limit are not kept waiting."""
    seen: list[int] = []

    def watched(crops: np.ndarray) -> np.ndarray:
        seen.append(len(crops))
        return find_dots(crops)

    image = read_image(dotted_faces(tmp_path)[0].image)
    monkeypatch.setattr(evaluation_module, "_BATCH_BYTES", 2 * image.nbytes - 1)
    assert answer(watched, dotted_faces(tmp_path), RULE, refine=False, progress=False).score().n == 5
    assert seen == [2, 2, 1]

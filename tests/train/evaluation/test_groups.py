"""Errors by group of keypoints, and the shift of each group in the face's own frame."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_train.evaluation.evaluate import Answers
from facekp_train.face_parts import parts_of
from facekp_train.landmarks import scheme_of, to_five
from facekp_train.pose import face_frame
from facekp_train.samples import FaceSample
from tests.support.models.train_cli import command, printed


def faces_of(points: int, count: int, seed: int) -> np.ndarray:
    """Faces [count, points, 2] of any place, size and tilt, whose eyes lie apart."""
    random = np.random.default_rng(seed)
    faces = random.normal(size=(count, points, 2))
    five = scheme_of(points).five
    assert five is not None
    faces[:, list(five[0])] += (-6, 0)
    faces[:, list(five[1])] += (6, 0)
    angles, sizes = random.uniform(-np.pi, np.pi, count), random.uniform(2, 80, count)
    turns = np.array([[np.cos(angles), np.sin(angles)], [-np.sin(angles), np.cos(angles)]])
    return faces @ np.moveaxis(turns * sizes, 2, 0) + random.uniform(-50, 900, (count, 1, 2))


def answers_of(predicted: np.ndarray, truth: np.ndarray, visible: np.ndarray | None = None) -> Answers:
    seen = np.ones(truth.shape[:2], bool) if visible is None else visible
    samples = [
        FaceSample(Path(f"{i}.png"), face.astype(np.float32), v)
        for i, (face, v) in enumerate(zip(truth, seen, strict=True))
    ]
    return Answers(samples=samples, predicted=list(predicted), sides=[1.0] * len(truth))


@given(points=st.sampled_from([5, 19, 21, 29, 68, 98]), seed=st.integers(0, 99), box=st.booleans())
def test_groups_are_what_brute_force_gives(points: int, seed: int, box: bool) -> None:
    """Point by point: those that are hidden or not labelled count nowhere."""
    random = np.random.default_rng(seed)
    truth = faces_of(points, 6, seed).astype(np.float32).astype(np.float64)
    predicted = truth + random.normal(0, 20, truth.shape)
    visible = random.random((6, points)) < 0.6
    visible[:, 0] = True
    eyes = {place for group in (scheme_of(points).five or ())[:2] for place in group}
    ends = {place for pair in scheme_of(points).normalisers.values() for end in pair for place in end}
    lacking = next((place for place in range(1, points) if place not in eyes | ends), 2)
    truth[3, lacking] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = answers_of(predicted, truth, visible).score(normaliser="box" if box else None)
    assert list(result.groups) == list(parts_of(scheme_of(points)))
    for name, places in parts_of(scheme_of(points)).items():
        errors, shifts = [], []
        for face in range(6):
            counted = [i for i in places if visible[face, i] and np.isfinite(truth[face, i]).all()]
            if not counted:
                continue
            labels = truth[face][np.isfinite(truth[face]).all(axis=1)]
            five = to_five(truth[face])
            along = five[1] - five[0]
            size = np.linalg.norm(along)
            if result.normaliser == "box":
                scale = np.sqrt(np.prod(np.ptp(labels, axis=0)))
            else:
                one, two = scheme_of(points).normalisers[result.normaliser]
                scale = np.linalg.norm(truth[face, list(one)].mean(0) - truth[face, list(two)].mean(0))
            moves = [predicted[face, i] - truth[face, i] for i in counted]
            errors.append(np.mean([np.hypot(*move) for move in moves]) / scale * 100)
            x, y = along / size
            right = np.mean([move @ (x, y) for move in moves]) / size * 100
            down = np.mean([move @ (-y, x) for move in moves]) / size * 100
            shifts.append((right, down))
        group = result.groups[name].as_json()
        assert group["n"] == len(errors)
        assert group["nme"] == (pytest.approx(np.mean(errors), rel=1e-4) if errors else None)
        offset = np.median(shifts, axis=0).tolist() if shifts else None
        assert group["offset"] == (pytest.approx(offset, rel=1e-3, abs=1e-3) if offset else None)


def test_a_planted_shift_of_the_eyes_is_told_as_planted() -> None:
    """Both outlines 2.5 % of the eye distance up and 1 % to the right, whatever size and tilt."""
    truth = faces_of(68, 30, seed=1)
    axes, distance = face_frame(to_five(truth))
    predicted = truth.copy()
    predicted[:, 36:48] += ((np.array([0.01, -0.025]) @ axes) * distance[:, None])[:, None]
    groups = answers_of(predicted, truth).score("own", "all").as_json()["groups"]
    assert groups["eyes"]["offset"] == pytest.approx([1, -2.5], abs=1e-3)
    assert groups["inner51"]["offset"] == pytest.approx([12 / 51, -2.5 * 12 / 51], abs=1e-3)
    for name in ("jaw", "brows", "nose", "mouth"):
        assert groups[name] == {
            "nme": pytest.approx(0, abs=1e-3),
            "n": 30,
            "offset": pytest.approx([0, 0], abs=1e-3),
        }


def test_eyes_without_labels_have_no_frame_but_an_error() -> None:
    truth = faces_of(68, 4, seed=2)
    predicted = truth + 1
    truth[:2, 37] = np.nan
    result = answers_of(predicted, truth).score(normaliser="box")
    assert result.n == 2  # the inter-pupil distance is unknown for the others
    truth = faces_of(21, 4, seed=2)
    predicted = truth + 1
    truth[:3, 7] = np.nan
    group = answers_of(predicted, truth).score().groups["mouth"]
    assert (group.n, np.isfinite(group.shifts).all(axis=1).tolist()) == (4, [False, False, False, True])


def test_a_normalizer_that_the_scheme_lacks_is_named() -> None:
    truth = faces_of(5, 3, seed=3)
    with pytest.raises(ValueError, match="no normalizer 'inter_ocular', only inter_pupil, box"):
        answers_of(truth, truth).score(normaliser="inter_ocular")


def test_all_figures_are_over_the_normalizer_asked_for() -> None:
    truth = faces_of(68, 9, seed=4)
    predicted = truth + np.random.default_rng(0).normal(0, 9, truth.shape)
    usual, asked = (answers_of(predicted, truth).score(normaliser=name) for name in (None, "box"))
    assert usual.nme == asked.nme
    assert (usual.normaliser, asked.normaliser) == ("inter_ocular", "box")
    assert asked.errors.mean() == pytest.approx(asked.nme["box"])
    both = asked.groups["jaw"].nme, asked.groups["inner51"].nme
    assert both[0] is not None and both[1] is not None
    assert (17 * both[0] + 51 * both[1]) / 68 == pytest.approx(asked.nme["box"])


def test_evaluate_prints_the_groups(
    photos: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "evaluate", "--model", checkpoints / "68.safetensors", "--data", f"pts:{photos}"
    assert command(*words, "--normalizer", "box", "--json") == 0
    document = printed(capsys)
    assert document["normaliser"] == "box"
    assert list(document["groups"]) == ["jaw", "brows", "nose", "eyes", "mouth", "inner51"]
    assert command(*words, "--normalizer", "box") == 0
    lines = capsys.readouterr().out.splitlines()
    for name, group in document["groups"].items():
        assert set(group) == {"nme", "n", "offset"}
        (line,) = [line for line in lines if line.split()[1:2] == [name]]
        right, down = group["offset"]
        assert f"{group['nme']:.2f} %" in line and f"{right:+.2f} %" in line and f"{down:+.2f} %" in line
    json.dumps(document, allow_nan=False)
    assert command(*words, "--normalizer", "face_box") == 1
    assert "68 keypoints have no normalizer 'face_box'" in " ".join(capsys.readouterr().err.split())

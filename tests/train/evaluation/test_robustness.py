"""Error against moved boxes and tilted faces: what is done to a face, and what the figures say of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_train.crop import CropRule, cut
from facekp_train.evaluation.evaluate import FaceView, answer
from facekp_train.evaluation.robustness import JITTER, TILT, measure_robustness, turned
from facekp_train.samples import Box, FaceSample
from tests.support.models.train_cli import command, printed

_EYE_DISTANCE = 20.0
# Eyes, nose tip, mouth corners about the box's middle, in eye distances.
_SHAPE = np.array([[-0.5, -0.4], [0.5, -0.4], [0, 0.1], [-0.4, 0.6], [0.4, 0.6]])
_BOX = (40.0, 30.0, 50.0, 50.0)
_MIDDLE = (65.0, 55.0)


def _face(folder: Path) -> FaceSample:
    """A face in the middle of its box, on a grey photograph."""
    image = folder / "face.png"
    cv2.imwrite(str(image), np.full((120, 160, 3), 90, np.uint8))
    points = (_SHAPE * _EYE_DISTANCE + _MIDDLE).astype(np.float32)
    return FaceSample(image, points, np.ones(5, bool), _BOX, "tight")


def _middle_of_crop(crops: np.ndarray) -> np.ndarray:
    """A model that always sees the same face in the middle of its crop, of the box's true size."""
    shares = _SHAPE * _EYE_DISTANCE / (CropRule().scale * _BOX[2]) + 0.5
    return np.tile(shares, (len(crops), 1, 1))


def test_a_moved_box_moves_such_an_answer_by_as_much(tmp_path: Path) -> None:
    faces = [_face(tmp_path)] * 3
    curve = measure_robustness(_middle_of_crop, faces, CropRule(), {"shift": (0.0, 0.1, 0.2)}, progress=False)
    assert curve.normaliser == "inter_pupil"
    assert [point.n for point in curve.points] == [3, 3, 3]
    expected = [100 * shift * _BOX[2] / _EYE_DISTANCE for shift in (0.0, 0.1, 0.2)]
    assert [point.nme for point in curve.points] == pytest.approx(expected, abs=1e-4)


def test_a_resized_box_resizes_such_an_answer_about_its_middle(tmp_path: Path) -> None:
    curve = measure_robustness(
        _middle_of_crop, [_face(tmp_path)], CropRule(), {"scale": (0.8, 1.0, 1.5)}, progress=False
    )
    expected = [100 * abs(scale - 1) * np.linalg.norm(_SHAPE, axis=1).mean() for scale in (0.8, 1.0, 1.5)]
    assert [point.nme for point in curve.points] == pytest.approx(expected, abs=1e-4)


def test_the_finders_jitter_grows_and_is_the_same_each_time(tmp_path: Path) -> None:
    faces = [_face(tmp_path)] * 40
    amounts = {"finder": (0.0, 1.0, 2.0)}
    first, second = (
        measure_robustness(_middle_of_crop, faces, CropRule(), amounts, progress=False)  # type: ignore[arg-type]
        for _ in range(2)
    )
    assert first == second
    still, once, twice = (point.nme for point in first.points)
    assert still == pytest.approx(0, abs=1e-4)
    assert 0 < once < twice == pytest.approx(2 * once, rel=0.1)


@given(degrees=st.floats(-180, 180))
def test_turned_faces_keep_their_points_on_the_same_things(degrees: float) -> None:
    image = np.zeros((90, 120, 3), np.uint8)
    marks = [(30, 20), (80, 25), (60, 60)]
    for channel, (x, y) in enumerate(marks):
        cv2.circle(image, (x, y), 4, tuple(255 * (c == channel) for c in range(3)), -1)
    points = np.array([*marks, marks[0], marks[1]], np.float32)
    sample = FaceSample(Path("x.png"), points, np.ones(5, bool))
    view = turned(FaceView(sample, image, (20.0, 10.0, 60.0, 60.0), "tight"), degrees)
    for channel in range(3):
        light = view.image[..., channel].astype(float)
        rows, columns = np.indices(light.shape)
        seen = np.array([(columns * light).sum(), (rows * light).sum()]) / light.sum()
        assert seen == pytest.approx(view.sample.keypoints[channel], abs=0.1)
    assert view.tight[2:] == (60.0, 60.0)
    # Each point keeps its distance to the box's middle, and counter-clockwise is up on the right side.
    middle = np.array(view.tight[:2]) + 30
    before = points[1] - np.array([50, 40])
    angle = np.deg2rad(-degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert view.sample.keypoints[1] - middle == pytest.approx(turn @ before, abs=1e-3)


@pytest.mark.parametrize("place", [(0, 0), (39_900, 0), (20_000, 4)])
def test_a_face_of_a_gigantic_photograph_turns_as_one_of_a_small(place: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (96, 100, 3), np.uint8)
    face = np.asarray(cv2.GaussianBlur(noise, (9, 9), 3), np.uint8)
    image = np.zeros((100, 40_000, 3), np.uint8)
    image[place[1] : place[1] + 96, place[0] : place[0] + 100] = face
    points = np.array([(30, 20), (80, 25), (60, 60), (35, 80), (75, 78)], np.float32)
    crops = []
    for photograph, (x, y) in ((face, (0, 0)), (image, place)):
        sample = FaceSample(Path("x.png"), points + np.array([x, y], np.float32), np.ones(5, bool))
        view = turned(FaceView(sample, photograph, (x + 20.0, y + 10.0, 70.0, 75.0), "tight"), 30)
        assert max(view.image.shape) < 2**15
        rule = CropRule()
        crops.append(cut(view.image, rule.square(view.tight), rule).astype(int))
    assert np.abs(crops[0] - crops[1]).mean() < 2


@given(x=st.floats(-1e5, 1e5), y=st.floats(-1e5, 1e5), side=st.floats(1, 1e5))
def test_a_box_anywhere_can_be_turned(x: float, y: float, side: float) -> None:
    sample = FaceSample(Path("x.png"), np.ones((5, 2), np.float32), np.ones(5, bool))
    view = turned(FaceView(sample, np.zeros((40, 50, 3), np.uint8), (x, y, side, side), "tight"), 45)
    assert max(view.image.shape) <= 65 and min(view.image.shape) >= 1


def test_a_tilt_of_zero_changes_nothing() -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    sample = FaceSample(Path("x.png"), np.ones((5, 2), np.float32), np.ones(5, bool))
    view = turned(FaceView(sample, image, (10.0, 10.0, 20.0, 20.0), "tight"), 0.0)
    assert np.array_equal(view.image, image)
    assert view.tight == (10.0, 10.0, 20.0, 20.0)
    assert np.array_equal(view.sample.keypoints, sample.keypoints)


@pytest.mark.parametrize("listed", [_BOX, None], ids=["listed box", "no box"])
@pytest.mark.parametrize("points", [19, 21])
def test_tilts_of_faces_without_eye_distance_share_one_normaliser(
    tmp_path: Path, points: int, listed: Box | None
) -> None:
    """The keypoints' own box grows as a face is tilted, and must not make its error look smaller."""
    shape = np.random.default_rng(0).uniform((-0.5, -0.1), (0.5, 0.1), (points, 2))
    keypoints = (shape * _BOX[2] + _MIDDLE).astype(np.float32)
    face = replace(_face(tmp_path), keypoints=keypoints, visible=np.ones(points, bool), box=listed)

    def at_the_middle(crops: np.ndarray) -> np.ndarray:
        return np.full((len(crops), points, 2), 0.5)

    tilts = {"tilt": (0.0, 0.001, 30.0, 90.0)}
    curve = measure_robustness(at_the_middle, [face], CropRule(), tilts, progress=False)  # type: ignore[arg-type]
    assert curve.normaliser == ("box" if listed is None else "face_box")
    upright = answer(at_the_middle, [face], CropRule(), progress=False).score().nme[curve.normaliser]
    assert [point.nme for point in curve.points] == pytest.approx([upright] * 4, rel=1e-4)


def test_evaluate_draws_and_tells_the_curves(
    photos: Path, checkpoints: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("evaluate", "--model", checkpoints / "68.safetensors", "--data", f"pts:{photos}")
    folder = tmp_path / "report"
    curves = ("--box-jitter", "--tilt", "--curve-faces", "2")
    assert command(*arguments, *curves, "--out", folder, "--json") == 0
    robustness = printed(capsys)["robustness"]
    assert {kind: [p["amount"] for p in robustness[kind]] for kind in (*JITTER, *TILT)} == {
        kind: list(amounts) for kind, amounts in (JITTER | TILT).items()
    }
    assert {p["n"] for p in robustness["tilt"]} == {2}
    assert robustness["scale"][4]["nme"] == robustness["shift"][0]["nme"] == robustness["tilt"][3]["nme"]
    pictures = ("robustness.png", "best.png", "median.png", "worst.png", "ced.png")
    assert all(cv2.imread(str(folder / name)) is not None for name in pictures)
    assert command(*arguments, "--tilt", "--curve-faces", "2") == 0
    assert "degrees (2 faces, NME over inter-ocular distance)" in capsys.readouterr().out

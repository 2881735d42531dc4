"""A model of 68 points against five placed by hand: its five are moved to where the hand puts them.

Drawn faces, whose pupils and lids disagree by a known amount.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_train.common.shipped import default_checkpoint
from facekp_train.crop import CropRule
from facekp_train.evaluation.evaluate import Answers, answer
from facekp_train.evaluation.robustness import measure_robustness
from facekp_train.implied_five import implied_five
from facekp_train.landmarks import to_five
from facekp_train.metadata import FiveOffset
from facekp_train.samples import FaceSample
from tests.support.models.train_cli import command, printed

LIDS_BELOW: FiveOffset = ((0.01, -0.03), (-0.01, -0.028), (0.0, 0.025), (0.02, -0.012), (-0.02, -0.011))
"""Where the hand's five lie from the means of the 68 points, in eye distances."""


def mark_up(crops: int) -> np.ndarray:
    """The 68 points of a face that fills every crop, [crops, 68, 2] in [0, 1]."""
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    points = np.column_stack([0.5 + 0.4 * np.cos(turn), 0.5 + 0.4 * np.sin(turn)])
    around = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    lids = 0.05 * np.column_stack([np.cos(around), np.sin(around)])
    points[36:42], points[42:48] = lids + np.array([0.35, 0.4]), lids + np.array([0.65, 0.4])
    return np.tile(points, (crops, 1, 1))


def net(crops: np.ndarray) -> np.ndarray:
    return mark_up(len(crops))


def faces(folder: Path, placed: Callable[[np.ndarray], np.ndarray], points: int = 5) -> list[FaceSample]:
    """Faces whose labels are made of the 68 points that `net` answers for their crops."""
    cv2.imwrite(str(folder / "a.png"), np.full((300, 400, 3), 80, np.uint8))
    samples = []
    for x in (60.0, 90.0, 120.0):
        blank = np.zeros((points, 2), np.float32)
        sample = FaceSample(folder / "a.png", blank, np.ones(points, bool), (x, 60, 120, 120), "tight")
        seen = answer(net, [sample], CropRule(), refine=False, progress=False).predicted[0]
        samples.append(replace(sample, keypoints=placed(seen).astype(np.float32)))
    return samples


def by_hand(points: np.ndarray) -> np.ndarray:
    return implied_five(points, offset=LIDS_BELOW)


def measured(samples: list[FaceSample], five_offset: FiveOffset | None) -> Answers:
    return answer(net, samples, CropRule(), five_offset=five_offset, refine=False, progress=False)


def test_a_perfect_mark_up_has_no_error_against_the_hand(tmp_path: Path) -> None:
    samples = faces(tmp_path, by_hand)
    result = measured(samples, LIDS_BELOW).score()
    assert result.nme["inter_pupil"] == pytest.approx(0, abs=1e-4)
    assert result.groups["eyes"].offset == pytest.approx((0, 0), abs=1e-4)
    plain = measured(samples, None).score()
    lengths = np.linalg.norm(LIDS_BELOW, axis=1)
    # The hand's eyes lie 0.98 of the lids' distance apart.
    assert plain.nme["inter_pupil"] == pytest.approx(100 * lengths.mean() / 0.98, rel=1e-3)
    assert plain.groups["eyes"].offset == pytest.approx((0, 2.9 / 0.98), abs=0.02)


def test_without_an_offset_the_means_count_as_ever(tmp_path: Path) -> None:
    samples = faces(tmp_path, by_hand)
    answers = measured(samples, None)
    errors = []
    for sample, points in zip(samples, answers.predicted, strict=True):
        eyes = np.linalg.norm(sample.keypoints[0] - sample.keypoints[1])
        errors.append(100 * np.linalg.norm(to_five(points) - sample.keypoints, axis=1).mean() / eyes)
    assert answers.score().errors == pytest.approx(errors)


def test_keypoints_of_another_scheme_are_compared_by_their_means(tmp_path: Path) -> None:
    """The offset parts the net's means from a hand's five, not from another scheme's."""

    def of_98(points: np.ndarray) -> np.ndarray:
        marked = np.random.default_rng(0).uniform(points.min(0), points.max(0), (98, 2))
        five = to_five(points)
        marked[60:68], marked[68:76] = five[0], five[1]
        marked[[54, 76, 82]] = five[2:]
        return marked

    samples = faces(tmp_path, of_98, points=98)
    for five_offset in (None, LIDS_BELOW):
        assert measured(samples, five_offset).score().nme["box"] == pytest.approx(0, abs=1e-4)


def test_the_models_own_scheme_is_not_moved(tmp_path: Path) -> None:
    samples = faces(tmp_path, lambda points: points, points=68)
    assert measured(samples, LIDS_BELOW).score().nme["box"] == pytest.approx(0, abs=1e-4)


def test_some_of_the_answers_are_measured_alike(tmp_path: Path) -> None:
    answers = measured(faces(tmp_path, by_hand), LIDS_BELOW).of([0, 2])
    result = answers.score()
    assert (result.n, result.nme["inter_pupil"]) == (2, pytest.approx(0, abs=1e-4))


def test_robustness_is_measured_alike(tmp_path: Path) -> None:
    samples = faces(tmp_path, by_hand)
    curve = measure_robustness(
        net, samples, CropRule(), {"shift": (0.0,), "tilt": (0.0,)}, five_offset=LIDS_BELOW, progress=False
    )
    assert [point.nme for point in curve.points] == pytest.approx([0, 0], abs=1e-4)


@pytest.mark.parametrize("command_line", ["evaluate", "pipeline"])
def test_the_checkpoints_offset_is_the_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command_line: str
) -> None:
    """The header's offset reaches the figures of the command and of a pipeline's report."""
    pytest.importorskip("torch", reason="needs facekp[train]")
    from facekp_train.networks.checkpoint import load_checkpoint, save_checkpoint
    from facekp_train.pipeline import figures
    from facekp_train.training.recipe import Recipe

    plain = load_checkpoint(default_checkpoint())
    moved = tmp_path / "moved.safetensors"
    save_checkpoint(moved, plain.net, plain.header.model_copy(update={"five_offset": LIDS_BELOW}))
    photos = tmp_path / "photos"
    photos.mkdir()
    sample = faces(photos, by_hand)[0]
    rows = "\n".join(f"{x + 1} {y + 1}" for x, y in sample.keypoints.tolist())
    (photos / "a.pts").write_text(f"version: 1\nn_points: 5\n{{\n{rows}\n}}\n")
    answers = answer(plain.predict, [replace(sample, box=None)], plain.header.crop_rule, progress=False)
    expected = replace(answers, five_offset=LIDS_BELOW).score().nme["inter_pupil"]
    assert expected != pytest.approx(answers.score().nme["inter_pupil"], rel=5e-5)
    if command_line == "evaluate":
        assert command("evaluate", "--model", moved, "--data", f"pts:{photos}", "--json") == 0
        nme = printed(capsys)["nme"]["inter_pupil"]
    else:
        nme = figures._error(load_checkpoint(moved), f"pts:{photos}", Recipe(data=[f"pts:{photos}"]))["nme"]
    assert nme == pytest.approx(expected, rel=5e-6)

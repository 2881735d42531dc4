"""Evaluation as the model is used: boxes, the second crop, schemes that differ, bad photographs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_train.boxes import mapping_of, tight_box_of
from facekp_train.crop import CropRule
from facekp_train.datasets import DataError, open_dataset
from facekp_train.evaluation import evaluate as evaluation_module
from facekp_train.evaluation.evaluate import answer
from facekp_train.images import read_image
from facekp_train.landmarks import to_five
from facekp_train.samples import Box, FaceSample

RULE = CropRule()
COLORS = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255)])


def dotted_face(folder: Path, name: str, five: np.ndarray, box: Box | None = None) -> FaceSample:
    """A photograph with a colored dot at each of five points, which `find_dots` finds."""
    image = np.zeros((300, 400, 3), np.uint8)
    for (x, y), color in zip(five, COLORS.tolist(), strict=True):
        centre = round(x * 16), round(y * 16)
        cv2.circle(image, centre, 5 * 16, color[::-1], cv2.FILLED, cv2.LINE_AA, 4)
    cv2.imwrite(str(folder / name), image)
    return FaceSample(folder / name, five.astype(np.float32), np.ones(5, bool), box, "mtfl")


def find_dots(crops: np.ndarray) -> np.ndarray:
    """A perfect model for `dotted_face`: the centre of mass of each color, in [0, 1]."""
    rows, columns = (np.mgrid[:128, :128] + 0.5) / 128
    likeness = np.maximum(0, 120 - np.abs(crops[:, None].astype(float) - COLORS[:, None, None]).sum(-1))
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
    np.testing.assert_allclose(plain.predicted[0], first.to_image(ring(np.zeros(1))[0]), rtol=1e-6)
    refined = answer(ring, [sample], RULE, refine=True, progress=False)
    # The ring's diameter is 0.6 of the first square; the second is 1.3 times that.
    side = first.side * 0.6 * 1.3
    assert refined.sides == pytest.approx([side], rel=1e-3)
    centre = first.x + 0.1 * first.side + 0.1 * side
    turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    np.testing.assert_allclose(refined.predicted[0][:, 0], centre + 0.3 * side * np.cos(turn), rtol=1e-3)


def test_a_68_point_model_is_measured_on_five_points(tmp_path: Path) -> None:
    answers = answer(ring, dotted_faces(tmp_path), RULE, progress=False)
    result = answers.score()
    assert result.points == 5
    assert set(result.nme) == {"inter_pupil", "box"}
    assert result.settings["keypoints"] == {"model": 68, "data": 5, "compared": 5}
    errors = []
    for sample, points in zip(answers.samples, answers.predicted, strict=True):
        eyes = np.linalg.norm(sample.keypoints[0] - sample.keypoints[1])
        errors.append(np.linalg.norm(to_five(points) - sample.keypoints, axis=1).mean() / eyes * 100)
    assert result.nme["inter_pupil"] == pytest.approx(np.mean(errors))


@pytest.mark.parametrize("points", [19, 21])
def test_schemes_that_both_imply_five_are_compared_through_them(tmp_path: Path, points: int) -> None:
    """The five that are visible count; the normaliser is the data's own."""
    random = np.random.default_rng(points)
    samples = []
    for face in dotted_faces(tmp_path):
        keypoints = random.uniform(100, 220, (points, 2)).astype(np.float32)
        visible = random.random(points) < 0.7
        visible[7] = True  # the left eye, so that every face counts
        keypoints[0] = np.nan
        samples.append(replace(face, keypoints=keypoints, visible=visible, box=(100, 90, 160, 90)))
    answers = answer(ring, samples, RULE, progress=False)
    result = answers.score()
    places = {19: (7, 10, 13, 15, 17), 21: (7, 10, 14, 17, 19)}[points]
    errors = []
    for sample, answered in zip(samples, answers.predicted, strict=True):
        five = to_five(answered)
        distances = [
            np.linalg.norm(five[i] - sample.keypoints[place])
            for i, place in enumerate(places)
            if sample.visible[place]
        ]
        errors.append(100 * np.mean(distances) / np.sqrt(160 * 90))
    assert result.normaliser == "face_box"
    assert result.errors == pytest.approx(errors, rel=1e-5)
    assert (result.points, len(result.per_landmark)) == (5, 5)
    assert result.settings["keypoints"] == {"model": 68, "data": points, "compared": 5}
    extents = [np.sqrt(np.prod(np.ptp(s.keypoints[1:], axis=0))) for s in samples]
    assert result.nme["box"] == pytest.approx(np.mean(np.array(errors) * 120 / extents), rel=1e-5)


def test_schemes_that_do_not_fit_are_an_error(tmp_path: Path) -> None:
    sample = dotted_faces(tmp_path, 1)[0]
    keypoints = np.random.default_rng(0).uniform(0, 100, (68, 2)).astype(np.float32)
    many = FaceSample(sample.image, keypoints, np.ones(68, bool))
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
    with pytest.raises(ValueError, match=r"no face to measure; 1 was skipped, .*0\.png: not an image"):
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

"""Boxes of every source come to the same tight box."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_train.boxes import (
    BoxMapping,
    box_mappings,
    fit_mapping,
    mapping_of,
    refined_box,
    tight_box_of,
)
from facekp_train.crop import tight_box
from facekp_train.landmarks import SCHEMES
from facekp_train.samples import Box, FaceSample

offsets = st.floats(-0.5, 0.5)


def oval(points: int, box: Box) -> np.ndarray:
    """Keypoints [N, 2] all around a box."""
    x, y, width, height = box
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
    unit = np.column_stack([np.cos(turn), np.sin(turn)]) / 2
    unit /= np.ptp(unit, axis=0)
    return unit * (width, height) + (x + width / 2, y + height / 2)


def face(points: int, box: Box | None = None, source: str = "tight") -> FaceSample:
    keypoints = oval(points, (10, 20, 100, 120)).astype(np.float32)
    return FaceSample(Path("a.jpg"), keypoints, np.ones(points, bool), box, source)


@given(offsets, offsets, st.floats(0.3, 3), st.integers(0, 5))
def test_fit_finds_the_mapping_back(dx: float, dy: float, scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    true = BoxMapping(dx, dy, scale)
    boxes: list[Box] = [tuple(row) for row in (rng.random((25, 4)) * 100 + 20).tolist()]
    fitted = fit_mapping([(box, true.to_tight(box)) for box in boxes], "here")
    assert (fitted.dx, fitted.dy, fitted.scale) == pytest.approx((dx, dy, scale), abs=3e-4)
    assert max(fitted.sd_dx, fitted.sd_dy, fitted.sd_scale) <= 1e-4
    assert (fitted.n, fitted.fitted_on) == (25, "here")


def test_fit_measures_the_spread_and_shrugs_off_false_finds() -> None:
    rng = np.random.default_rng(3)
    pairs: list[tuple[Box, Box]] = []
    for dx, dy, grown in rng.normal(0, (0.08, 0.04, 0.06), (4000, 3)).tolist():
        pairs.append(
            ((0, 0, 100, 100), BoxMapping(0.1 + dx, dy, float(np.exp(grown))).to_tight((0, 0, 100, 100)))
        )
    pairs += [((0, 0, 100, 100), (5000, 5000, 10, 10))] * 60
    fitted = fit_mapping(pairs, "here")
    assert fitted.dx == pytest.approx(0.1, abs=0.01)
    assert (fitted.sd_dx, fitted.sd_dy, fitted.sd_scale) == pytest.approx((0.08, 0.04, 0.06), rel=0.1)


def test_fit_needs_ten_faces() -> None:
    with pytest.raises(ValueError, match="at least ten"):
        fit_mapping([((0, 0, 1, 1), (0, 0, 1, 1))] * 9, "here")


@given(st.floats(-500, 500), st.floats(-500, 500), st.floats(1, 50))
def test_mapping_moves_and_grows_with_the_box(x: float, y: float, factor: float) -> None:
    mapping = mapping_of("mtfl")
    there = np.array(mapping.to_tight((0, 0, 80, 100)))
    moved = there + np.array([x, y, 0, 0])
    assert mapping.to_tight((x, y, 80, 100)) == pytest.approx(moved, abs=1e-6)
    assert mapping.to_tight((0, 0, 80 * factor, 100 * factor)) == pytest.approx(there * factor)


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (0, 0, -1, 5), (0, 0, np.inf, 1), (np.nan, 0, 1, 1)])
def test_impossible_boxes_are_refused(box: Box) -> None:
    with pytest.raises(ValueError, match="positive size"):
        BoxMapping().to_tight(box)


def test_every_scheme_has_a_mapping() -> None:
    for scheme in SCHEMES.values():
        assert scheme.box_source in box_mappings()


def test_unknown_source_names_the_known() -> None:
    with pytest.raises(ValueError, match=r"'webcam'; there are .*mtfl.*tight"):
        mapping_of("webcam")


def test_tight_box_of_68_keypoints_is_their_square() -> None:
    assert tight_box_of(face(68)) == pytest.approx((0, 20, 120, 120), abs=1e-3)


def test_unlabelled_keypoints_do_not_count() -> None:
    sample = face(68)
    sample.keypoints[oval(68, (0, 0, 1, 1))[:, 1] > 0.5] = np.nan
    assert tight_box_of(sample)[3] < 120


def test_listed_box_is_used_only_when_asked_for() -> None:
    sample = face(68, box=(300, 300, 50, 50), source="mtfl")
    assert tight_box_of(sample) == pytest.approx((0, 20, 120, 120), abs=1e-3)
    assert tight_box_of(sample, prefer_listed=True) == mapping_of("mtfl").to_tight((300, 300, 50, 50))


def test_refined_box_follows_a_sound_answer() -> None:
    first = (100.0, 100.0, 80.0, 80.0)
    assert refined_box(oval(68, (90, 105, 90, 100)), first) == pytest.approx((85, 105, 100, 100))


@pytest.mark.parametrize(
    "answer",
    [
        oval(68, (100, 100, 20, 20)),
        oval(68, (0, 0, 300, 300)),
        oval(68, (160, 100, 80, 80)),
        np.full((68, 2), 140.0),
        np.tile([140.0, 130.0], (68, 1)),
        np.full((68, 2), np.nan),
        oval(5, (110, 110, 40, 40)),
    ],
    ids=["shrunk", "grown", "shifted", "one place", "another place", "nan", "five points"],
)
def test_refined_box_keeps_the_first_when_the_answer_is_not_to_be_trusted(answer: np.ndarray) -> None:
    first = (100.0, 100.0, 80.0, 80.0)
    assert refined_box(answer, first) == first


def test_mtfl_boxes_come_to_the_keypoints_box(shared_data: Path) -> None:
    """The stored mapping, checked on the validation faces, which it was not fitted on."""
    from facekp_train.datasets import open_dataset

    boxes = {face.image: face for face in open_dataset(f"mtfl:{shared_data / 'mtfl'}", "validation")}
    growth, shift = [], []
    for sample in open_dataset(f"pts:{shared_data / 'mtfl'}@pts68_val.txt"):
        _, y, width, height = tight_box(sample.keypoints)
        mapped = tight_box_of(boxes[sample.image], prefer_listed=True)
        side = max(width, height)
        growth.append(mapped[2] / side)
        shift.append((mapped[1] + mapped[3] / 2 - y - height / 2) / side)
    assert len(growth) == 3084
    assert np.median(growth) == pytest.approx(1, abs=0.02)
    assert np.median(shift) == pytest.approx(0, abs=0.02)

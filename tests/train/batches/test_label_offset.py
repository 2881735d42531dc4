"""The constant between hand-placed and derived five points."""

from __future__ import annotations

import numpy as np
import pytest

from facekp_train.batches.label_offset import apply_label_offset, fit_label_offset
from facekp_train.landmarks import to_five

RANDOM = np.random.default_rng(5)


def a_face(size: float, angle: float, shift: tuple[float, float]) -> np.ndarray:
    """68 points, roughly face-like: eyes apart, mouth below, of a size, tilt and place."""
    face = RANDOM.normal(0, 0.05, (68, 2))
    face[36:42] += (-0.5, 0)
    face[42:48] += (0.5, 0)
    face[30] += (0, 0.6)
    face[48:68] += (0, 1)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (face * size) @ turn + shift


def test_an_offset_planted_in_faces_of_any_size_and_tilt_is_found_and_removed() -> None:
    planted = np.array([[0.01, -0.03], [-0.01, -0.03], [0, 0.025], [0.01, -0.014], [-0.01, -0.012]])
    pairs = []
    for _ in range(40):
        hand = a_face(RANDOM.uniform(20, 200), RANDOM.uniform(-0.6, 0.6), (50, 80))
        machine = apply_label_offset(hand, -planted)
        pairs.append((to_five(hand), machine))
    offset = fit_label_offset(pairs)
    # The frames of hand and machine differ by a hair, hence the tolerance.
    assert np.allclose(offset, planted, atol=2e-3)
    corrected = [to_five(apply_label_offset(machine, offset)) for _, machine in pairs]
    eyes = [np.linalg.norm(hand[1] - hand[0]) for hand, _ in pairs]
    left = [np.abs(c - hand).max() / e for c, (hand, _), e in zip(corrected, pairs, eyes, strict=True)]
    assert max(left) < 6e-3


def test_jaw_and_brows_stay() -> None:
    face = a_face(100, 0.1, (0, 0))
    moved = apply_label_offset(face, np.full((5, 2), 0.05))
    assert np.allclose(moved[:27], face[:27], atol=1e-4)


def test_too_few_faces_are_refused() -> None:
    with pytest.raises(ValueError, match="ten faces"):
        fit_label_offset([])

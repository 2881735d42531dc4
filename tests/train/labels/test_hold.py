"""Keypoints held to what a hand has placed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from facekp_train.implied_five import implied_five
from facekp_train.labels.hold import hold_to_five, move_by_similarity, spread_matrix
from facekp_train.landmarks import five_matrix, to_five

coordinates = st.floats(-500, 500, width=32)
shares = st.floats(-0.2, 0.2)
FIVE = np.array([(204.0, 100), (246, 103), (224, 128), (201, 138), (245, 141)])


@given(arrays(np.float64, (68, 2), elements=coordinates), arrays(np.float64, (5, 2), elements=coordinates))
def test_held_keypoints_imply_the_given_five(points: np.ndarray, five: np.ndarray) -> None:
    assert np.allclose(to_five(hold_to_five(points, five)), five, atol=1e-2)


@given(
    arrays(np.float64, (68, 2), elements=coordinates),
    arrays(np.float64, (5, 2), elements=coordinates),
    arrays(np.float64, (5, 2), elements=shares),
)
def test_held_keypoints_imply_the_given_five_by_their_offset(
    points: np.ndarray, five: np.ndarray, offset: np.ndarray
) -> None:
    held = hold_to_five(points, five, offset)
    assert np.allclose(implied_five(held, offset=offset), five, atol=1e-2)


@given(st.floats(-3, 3), st.floats(0.2, 5), st.tuples(coordinates, coordinates))
def test_a_turned_face_is_turned_back_exactly(angle: float, scale: float, shift: tuple[float, float]) -> None:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    others = np.random.default_rng(0).normal(0, 30, (68, 2))
    moved = move_by_similarity(others, FIVE, FIVE @ turn.T + shift)
    assert np.allclose(moved, others @ turn.T + shift, atol=1e-6 * (1 + abs(moved).max()))


def test_a_similarity_is_the_least_squares_one() -> None:
    """Against numpy's solver for the four unknowns."""
    random = np.random.default_rng(3)
    source, target = random.normal(0, 10, (2, 7, 2))
    x, y = source.T
    one, zero = np.ones(7), np.zeros(7)
    design = np.concatenate([np.column_stack([x, -y, one, zero]), np.column_stack([y, x, zero, one])])
    solution = np.linalg.lstsq(design, target.T.ravel(), rcond=None)[0]
    assert np.allclose(move_by_similarity(source, source, target).T.ravel(), design @ solution, atol=1e-9)


@pytest.mark.parametrize("points", [5, 68])
def test_what_the_five_are_made_of_follows_them_exactly(points: int) -> None:
    assert np.allclose(five_matrix(points) @ spread_matrix(points), np.eye(5), atol=1e-6)


def test_labels_that_fit_the_hand_by_their_offset_stay() -> None:
    """A pupil is placed higher than the mean of the lids: the lids do not follow it."""
    points = np.random.default_rng(2).normal(0, 3, (68, 2))
    points[36:42] += (-30, 0)
    points[42:48] += (30, 4)
    points[48:68] += (0, 50)
    offset = np.array([[0.01, -0.03], [-0.01, -0.03], [0, 0.025], [0.01, -0.014], [-0.01, -0.012]])
    hand = implied_five(points, offset=offset)
    np.testing.assert_allclose(hold_to_five(points, hand, offset), points, atol=1e-9)
    assert np.abs(hold_to_five(points, hand) - points)[36:48].max() > 1


def test_a_scheme_that_cannot_be_held_is_named() -> None:
    with pytest.raises(ValueError, match="98 points cannot be held to five"):
        spread_matrix(98)

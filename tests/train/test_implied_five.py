"""The five that keypoints imply, with the constant that parts them from hand-placed ones."""

import numpy as np
import pytest

from facekp_train.implied_five import fit_five_offset, five_operator, implied_five
from facekp_train.landmarks import to_five
from facekp_train.pose import face_frame

OFFSET = np.array([[0.01, -0.03], [-0.01, -0.028], [0.0, 0.025], [0.02, -0.012], [-0.02, -0.011]])


def _faces(count: int) -> np.ndarray:
    """Faces [count, 68, 2] of any place, size and tilt, whose eyes lie apart."""
    random = np.random.default_rng(3)
    faces = random.normal(size=(count, 68, 2))
    faces[:, 36:42] += (-6, 0)
    faces[:, 42:48] += (6, 0)
    angles, sizes = random.uniform(-np.pi, np.pi, count), random.uniform(2, 80, count)
    turns = np.array([[np.cos(angles), np.sin(angles)], [-np.sin(angles), np.cos(angles)]])
    return faces @ np.moveaxis(turns * sizes, 2, 0) + random.uniform(-50, 900, (count, 1, 2))


def test_the_offset_is_right_and_down_in_eye_distances():
    upright = _faces(1)[0] * 0
    upright[42:48] = (10, 0)
    moved = implied_five(upright, offset=[[0.1, 0.2], [0, 0], [0, 0], [0, 0], [0, 0]])
    np.testing.assert_allclose(moved[0], (1, 2))


def test_a_planted_offset_is_found_whatever_the_tilt():
    faces = _faces(40)
    hands = []
    for face in faces:
        axes, distance = face_frame(to_five(face))
        hands.append(to_five(face) + OFFSET @ axes * distance)
    np.testing.assert_allclose(fit_five_offset(zip(hands, faces, strict=True)), OFFSET, atol=1e-9)
    np.testing.assert_allclose(implied_five(faces, offset=OFFSET), hands, atol=1e-6)


@pytest.mark.parametrize("points", [68, 98])
def test_the_operator_is_the_same_map(points: int):
    faces = np.random.default_rng(4).normal(size=(7, points, 2))
    linear = np.einsum("fcnd,bnd->bfc", five_operator(points, OFFSET), faces)
    np.testing.assert_allclose(linear, implied_five(faces, offset=OFFSET), atol=1e-9)
    plain = np.einsum("fcnd,bnd->bfc", five_operator(points), faces)
    np.testing.assert_allclose(plain, to_five(faces), atol=1e-6)


def test_unknown_keypoints_make_an_unknown_five():
    faces = _faces(2)
    faces[0, 33 - 3] = np.nan
    five = implied_five(faces, offset=OFFSET)
    assert np.isnan(five[0, 2]).all()
    assert np.isfinite(five[0, [0, 1, 3, 4]]).all()
    faces[1, 36] = np.nan
    assert np.isnan(implied_five(faces, offset=OFFSET)[1]).all()
    assert np.isfinite(implied_five(faces)[1, 1:]).all()


def test_few_pairs_are_refused():
    with pytest.raises(ValueError, match="needs 10 faces that carry both markings, not 0"):
        fit_five_offset([])

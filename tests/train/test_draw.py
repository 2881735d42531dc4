"""Drawing: where the ink goes, and that files are whole."""

from __future__ import annotations

import numpy as np
import pytest

from facekp_train.draw import DOT, HIDDEN, LEFT, MIDDLE, RIGHT, contact_sheet, draw_keypoints, write_picture
from facekp_train.images import read_image
from facekp_train.own_schemes import scheme_from

GRAY = np.full((200, 240, 3), 90, np.uint8)
POINTS = np.array([(60.0, 60), (120, 60), (90, 90), (65, 120), (115, 120)])


def test_dots_lie_on_their_keypoints_and_the_photograph_stays():
    before = GRAY.copy()
    visible = np.array([True, True, True, True, False])
    drawn = draw_keypoints(GRAY, POINTS, visible=visible, box=(40, 40, 100, 110))
    np.testing.assert_array_equal(GRAY, before)
    for (x, y), seen in zip(POINTS.astype(int), visible, strict=True):
        assert tuple(drawn[y, x]) == (DOT if seen else HIDDEN)
    assert (drawn[95, 40] != GRAY[95, 40]).any(), "the box's left edge"
    assert (drawn[10, 10] == GRAY[10, 10]).all()


def test_68_points_are_joined_to_contours():
    angles = np.linspace(0, np.pi, 68)
    points = (100 + 80 * np.column_stack([np.cos(angles), np.sin(angles)])).astype(np.float32)
    between = ((points[0] + points[1]) / 2).round().astype(int)
    drawn = draw_keypoints(GRAY, points)
    assert (drawn[between[1], between[0]] != GRAY[0, 0]).any()


@pytest.mark.parametrize("odd", [np.nan, np.inf, 1e12, -1e5])
def test_points_that_are_nowhere_are_left_out(odd):
    points = POINTS.copy()
    points[2] = odd
    drawn = draw_keypoints(GRAY, points)
    assert tuple(drawn[60, 60]) == DOT and tuple(drawn[90, 90]) == (90, 90, 90)


@pytest.mark.parametrize(
    ("names", "colors"),
    [
        (["a", "b", "nose"], [LEFT, RIGHT, MIDDLE]),
        (["right eye", "left eye", "nose"], [RIGHT, LEFT, MIDDLE]),
    ],
)
def test_left_and_right_have_colors_of_their_own(names, colors):
    scheme = scheme_from({"name": "mine", "points": names, "pairs": [[0, 1]]})
    points = np.array([[20.0, 20], [60, 20], [40, 60]])
    drawn = draw_keypoints(np.full((90, 90, 3), 90, np.uint8), points, scheme=scheme, sides=True)
    assert [tuple(drawn[round(y), round(x)]) for x, y in points] == colors


def test_a_contact_sheet_holds_every_picture_in_its_tile():
    pictures = [np.full((40, 80, 3), 50 * index + 50, np.uint8) for index in range(4)]
    sheet = contact_sheet(pictures, columns=3, tile=100, gap=4)
    assert sheet.shape == (2 * 104 + 4, 3 * 104 + 4, 3)
    for index in range(4):
        row, column = divmod(index, 3)
        assert sheet[4 + row * 104 + 50, 4 + column * 104 + 50, 0] == 50 * index + 50
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([])


def test_a_picture_is_written_whole_or_not_at_all(tmp_path):
    write_picture(tmp_path / "new" / "a.png", draw_keypoints(GRAY, POINTS))
    np.testing.assert_array_equal(read_image(tmp_path / "new" / "a.png"), draw_keypoints(GRAY, POINTS))
    with pytest.raises(ValueError, match=r"\.png or \.jpg"):
        write_picture(tmp_path / "a.xyz", GRAY)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]

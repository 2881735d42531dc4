"""Schemes of one's own: what a file says, what it may leave out, what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from facekp_train.landmarks import adopt, adopt_unknown, scheme_named, scheme_of
from facekp_train.own_schemes import read_scheme, recipe_scheme, scheme_from, scheme_given

pytest.importorskip("yaml", reason="needs facekp[train]")

NOSE = """
name: nose6
points: [bridge, tip, left_nostril, right_nostril, leftWing, rightWing]
normalizers: {width: [leftWing, rightWing], length: [bridge, [left_nostril, right_nostril]]}
lines: [[bridge, tip], [leftWing, left_nostril, right_nostril, rightWing]]
"""


def test_a_file_says_names_sides_normalizers_and_lines(tmp_path: Path) -> None:
    (tmp_path / "nose.yaml").write_text(NOSE)
    scheme = scheme_given(str(tmp_path / "nose.yaml"))
    assert scheme.names[1] == "tip" and scheme.points == 6
    assert scheme.flip == (0, 1, 3, 2, 5, 4)  # told from the names
    assert scheme.normalisers == {"width": ((4,), (5,)), "length": ((0,), (2, 3))}
    assert scheme.primary == "width"
    assert scheme.lines == ((0, 1), (4, 2, 3, 5))
    assert scheme.five is None and scheme.box_source == "tight"


def test_a_name_of_a_built_in_one_is_enough_and_a_file_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert scheme_given("lapa106") is scheme_of(106)
    Path("lapa106").write_text(NOSE)
    assert scheme_given("lapa106").name == "nose6"


@pytest.mark.parametrize("points", [2, 5, 12, 478, 1000])
def test_points_may_be_a_number_from_2_to_1000(points: int) -> None:
    scheme = scheme_from({"name": "mine", "points": points, "pairs": [[0, 1]], "lines": [[0, 1]]})
    assert scheme.points == points and scheme.names[-1] == str(points - 1)
    assert scheme.flip[:2] == (1, 0)
    assert scheme.primary == ("span" if points == 2 else "box")


def test_the_five_are_named() -> None:
    five = {
        "left_eye": [0, 1],
        "right_eye": 2,
        "nose_tip": 3,
        "left_mouth_corner": 4,
        "right_mouth_corner": 5,
    }
    scheme = scheme_from({"name": "mine", "points": 6, "pairs": [], "five": five})
    assert scheme.five == ((0, 1), (2,), (3,), (4,), (5,))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": 1}, "2 to 1000 points, not 1"),
        ({"points": 1001}, "2 to 1000 points, not 1001"),
        ({"points": ["a", "a"], "pairs": []}, "two points of scheme 'mine' share a name"),
        ({"points": ["a", "b"], "pairs": None}, "no point's name says left or right; give pairs"),
        (
            {"points": ["left_a", "b"], "pairs": None},
            "point 'left_a' names a side and has no pair by its name",
        ),
        ({"pairs": [["a"]]}, r"\[a\] is no pair of two points"),
        ({"pairs": [["a", "b"], ["b", "c"]]}, r"\[b, c\] is no pair of two points that stand in no other"),
        ({"pairs": [["a", "x"]]}, "there is no point 'x' among the 3 points"),
        ({"pairs": [[0, 7]]}, "there is no point '7'"),
        ({"normalizers": {"w": ["a"]}}, "normalizer 'w' lies between two ends"),
        ({"normalizers": ["a", "b"]}, "normalizers must be a table by name"),
        ({"lines": "a"}, "lines must be a list, not 'a'"),
        ({"lines": [["a"]]}, "a line of scheme 'mine' has a single point"),
        ({"five": ["a", "b"]}, "five has the keys left_eye, right_eye, nose_tip"),
        ({"colour": 1}, "a scheme has no key 'colour', only name, points"),
        ({"normalizer": {}}, r"no key 'normalizer' \('normalizers' may be meant\), only name"),
        ({"points": "twelve"}, "points must be a list of names, or how many there are, not 'twelve'"),
        ({"points": ["a", "b", "a"], "pairs": None}, "two points of scheme 'mine' share a name: 'a'"),
        ({"name": "my scheme"}, "letters, digits"),
    ],
)
def test_what_describes_no_scheme_is_said(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        scheme_from({"name": "mine", "points": ["a", "b", "c"], "pairs": [], **change})


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: [")
    with pytest.raises(ValueError, match=r"a\.yaml: "):
        read_scheme(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").write_text("- 1")
    with pytest.raises(ValueError, match=r"b\.yaml: a scheme has at least a name and points"):
        read_scheme(tmp_path / "b.yaml")
    (tmp_path / "c.yaml").write_text("point: 3\nname: few\n")
    with pytest.raises(ValueError, match=r"no key 'point' \('points' may be meant\)"):
        read_scheme(tmp_path / "c.yaml")
    with pytest.raises(ValueError, match=r"nowhere: no such file, and no scheme of that name.* lapa106"):
        scheme_given("nowhere")


def test_an_adopted_scheme_is_the_default_of_its_count_and_known_by_name() -> None:
    mine = scheme_from({"name": "mine", "points": 68, "pairs": []})
    assert adopt_unknown(mine) is mine and scheme_of(68).name == "ibug68"  # there is a default
    assert adopt(mine) is mine and scheme_of(68) is mine
    assert scheme_named("mine") is mine and scheme_named("ibug68").points == 68
    few = scheme_from({"name": "few", "points": 12, "pairs": []})
    assert adopt_unknown(few) is scheme_of(12)


def test_a_built_in_name_cannot_stand_for_another_scheme() -> None:
    with pytest.raises(ValueError, match="the scheme 'ibug68' is built in, and yours is another"):
        adopt(scheme_from({"name": "ibug68", "points": 68, "pairs": []}))


def test_a_recipe_holds_plain_data_that_needs_no_file() -> None:
    data = recipe_scheme("lapa106")
    assert data["name"] == "lapa106" and recipe_scheme(data) == data

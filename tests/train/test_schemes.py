"""Schemes as plain data: every one survives the trip, a hostile one is refused in one sentence."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from facekp_train.draw import draw_keypoints
from facekp_train.evaluation.metrics import normaliser_names, score
from facekp_train.landmarks import SCHEMES, Doubles, flip_keypoints, implies_five, scheme_named, to_five
from facekp_train.published_schemes import PUBLISHED
from facekp_train.schemes import MOST_POINTS, Scheme
from tests.support.files.schemes import MOUTH, schemes

MANY = Scheme("many", tuple(map(str, range(MOST_POINTS))), tuple(range(MOST_POINTS)), {})


@given(schemes())
def test_any_scheme_survives_the_trip_through_json(scheme: Scheme) -> None:
    back = Scheme.from_dict(json.loads(json.dumps(scheme.as_dict())))
    assert back == scheme
    assert list(back.normalisers) == list(scheme.normalisers), "the first is the primary one"


@pytest.mark.parametrize("scheme", [*PUBLISHED, MOUTH, MANY], ids=lambda scheme: scheme.name)
def test_the_known_schemes_survive_it_too(scheme: Scheme) -> None:
    assert Scheme.from_dict(json.loads(json.dumps(scheme.as_dict()))) == scheme


@pytest.mark.parametrize("scheme", PUBLISHED, ids=lambda scheme: scheme.name)
def test_a_point_and_its_mirror_image_are_named_alike(scheme: Scheme) -> None:
    for name, place in zip(scheme.names, scheme.flip, strict=True):
        mirrored = scheme.names[place]
        contour = mirrored.rpartition("_")[0] if mirrored[-1].isdigit() else mirrored
        side = {"left": "right", "right": "left"}.get(name.split("_")[0])
        if side:
            assert contour.startswith(side), (name, mirrored)
        else:
            assert not contour.startswith(("left", "right")), (name, mirrored)


def test_schemes_are_found_by_name_and_a_count_has_a_default() -> None:
    assert [scheme_named(scheme.name) for scheme in PUBLISHED] == list(PUBLISHED)
    assert {points: scheme.points for points, scheme in SCHEMES.items()} == {n: n for n in SCHEMES}
    with pytest.raises(ValueError, match="no landmark scheme is called 'mouth-5'; there are five, aflw19"):
        scheme_named(MOUTH.name)


def changed(**changes: Any) -> dict[str, Any]:
    return {**MOUTH.as_dict(), **changes}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "consists of"),
        ([], "consists of"),
        ({"name": "a"}, "consists of"),
        ({**MOUTH.as_dict(), "extra": 1}, "consists of"),
        (changed(name=5), "a scheme must hold a name"),
        (changed(name=""), "letters, digits"),
        (changed(name="../x"), "letters, digits"),
        (changed(name="x" * 65), "letters, digits"),
        (changed(box_source="a b"), "letters, digits"),
        (changed(names="abcde"), "a scheme must hold a list"),
        (changed(names=["a", "b", "c", "d", None]), "a scheme must hold a name"),
        (changed(names=["a", "b", "c", "d", "a"]), "share a name"),
        (changed(names=["a", "b", "c", "d", ""]), "printable"),
        (changed(names=["a", "b", "c", "d", "\x1b[2J"]), "printable"),
        (changed(names=["a", "b", "c", "d", "\ud800"]), "printable"),
        (changed(names=["a", "b", "c", "d", "e" * 65]), "printable"),
        (changed(names=["a"], flip=[0]), "2 to 1000"),
        (changed(names=[str(i) for i in range(1001)]), "2 to 1000"),
        (changed(flip=[1, 0, 2, 3]), "flip order"),
        (changed(flip=[1, 0, 2, 3, 3]), "flip order"),
        (changed(flip=[1, 0, 2, 3, 5]), "flip order"),
        (changed(flip=[1, 2, 0, 3, 4]), "flip order"),
        (changed(flip=[1, 0, 2, 3, -1]), "flip order"),
        (changed(flip=[True, 0, 2, 3, 4]), "whole numbers"),
        (changed(flip=[1.0, 0, 2, 3, 4]), "whole numbers"),
        (changed(normalisers=[]), "table by name"),
        (changed(normalisers={"a b": [[0], [1]]}), "letters, digits"),
        (changed(normalisers={"box": [[0], [1]]}), "every scheme has"),
        (changed(normalisers={str(i): [[0], [1]] for i in range(17)}), "over 16"),
        (changed(normalisers={"a": [[0]]}), "two ends"),
        (changed(normalisers={"a": [[0], []]}), "does not have"),
        (changed(normalisers={"a": [[0], [5]]}), "does not have"),
        (changed(normalisers={"a": [[0], [-1]]}), "does not have"),
        (changed(normalisers={"a": [[0, 1], [1, 0]]}), "no length"),
        (changed(normalisers={"a": [0, 1]}), "a scheme must hold a list"),
        (changed(lines=None), "a scheme must hold a list"),
        (changed(lines=[[0]]), "single point"),
        (changed(lines=[[]]), "does not have"),
        (changed(lines=[[0, 10**30]]), "does not have"),
        (changed(lines=[[0, 1]] * 5001), "too many"),
        (changed(five=[[0], [1], [2], [3]]), "does not have"),
        (changed(five=[[0], [1], [2], [3], [5]]), "does not have"),
        (changed(five={}), "a scheme must hold a list"),
    ],
)  # fmt: skip
def test_a_hostile_scheme_is_refused_in_one_sentence(data: object, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        Scheme.from_dict(data)
    assert len(str(caught.value)) < 250 and "\n" not in str(caught.value)


def test_keypoints_of_an_own_scheme_follow_it_alone() -> None:
    face = np.random.default_rng(0).random((5, 2))
    flipped = flip_keypoints(face, scheme=MOUTH)
    np.testing.assert_allclose(flipped[:, 1], face[[1, 0, 2, 3, 4], 1])
    assert (flipped != flip_keypoints(face)).any(), "the count's default has another order"
    assert not implies_five(MOUTH) and implies_five(5)
    with pytest.raises(ValueError, match="no map from 5 keypoints"):
        to_five(face, MOUTH)


def test_errors_of_an_own_scheme_are_divided_by_its_normalisers() -> None:
    truth = np.array([[(0.0, 0), (10, 0), (5, -2), (5, 2), (5, 8)]], np.float64)
    assert normaliser_names(MOUTH) == ("mouth_width", "mouth_height", "box")
    predicted: Doubles = truth + np.array([0.5, 0])
    result = score(predicted, truth, scheme=MOUTH)
    assert (result.normaliser, result.nme["mouth_width"]) == ("mouth_width", pytest.approx(5))
    assert result.nme["mouth_height"] == pytest.approx(12.5)


def test_the_lines_of_an_own_scheme_are_drawn() -> None:
    grey = np.full((120, 120, 3), 90, np.uint8)
    points = np.array([(20.0, 60), (100, 60), (60, 30), (60, 90), (60, 110)])
    middles = np.array([points[[a, b]].mean(axis=0) for a, b in ((0, 2), (2, 1), (1, 3), (3, 0))]).astype(int)
    own, plain = draw_keypoints(grey, points, scheme=MOUTH), draw_keypoints(grey, points)
    assert all((own[y, x] != 90).any() for x, y in middles)
    assert all((plain[y, x] == 90).all() for x, y in middles), "the published five have no lines"

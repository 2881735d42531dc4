"""Which keypoints lie on which part of the face."""

import pytest

from facekp_train.face_parts import PARTS, parts_of
from facekp_train.landmarks import SCHEMES, scheme_of
from facekp_train.published_schemes import PUBLISHED
from facekp_train.schemes import Scheme


def test_the_68_points_have_the_parts_of_300w():
    assert parts_of(scheme_of(68)) == {
        "jaw": tuple(range(17)),
        "brows": tuple(range(17, 27)),
        "nose": tuple(range(27, 36)),
        "eyes": tuple(range(36, 48)),
        "mouth": tuple(range(48, 68)),
        "inner51": tuple(range(17, 68)),
    }


@pytest.mark.parametrize(
    ("points", "sizes"),
    [
        (98, {"jaw": 33, "brows": 18, "nose": 9, "eyes": 18, "mouth": 20}),
        (29, {"jaw": 1, "brows": 8, "nose": 4, "eyes": 10, "mouth": 6}),
        (21, {"jaw": 1, "brows": 6, "nose": 3, "eyes": 6, "mouth": 3}),
        (19, {"jaw": 1, "brows": 6, "nose": 3, "eyes": 6, "mouth": 3}),
        (5, {"nose": 1, "eyes": 2, "mouth": 2}),
    ],
)
def test_other_schemes_have_the_parts_that_they_mark(points: int, sizes: dict[str, int]):
    assert {name: len(places) for name, places in parts_of(scheme_of(points)).items()} == sizes


@pytest.mark.parametrize("scheme", PUBLISHED, ids=lambda scheme: scheme.name)
def test_parts_share_no_point_and_are_their_own_mirror(scheme: Scheme):
    parts = {name: places for name, places in parts_of(scheme).items() if name in PARTS}
    places = [place for members in parts.values() for place in members]
    ears = {place for place, name in enumerate(scheme.names) if name.endswith("ear")}
    assert sorted(places) == sorted(set(range(scheme.points)) - ears)
    for members in parts.values():
        assert {scheme.flip[place] for place in members} == set(members)


def test_the_five_lie_on_the_parts_that_they_are_of():
    for scheme in SCHEMES.values():
        parts = parts_of(scheme)
        assert scheme.five is not None
        for group, part in zip(scheme.five, ("eyes", "eyes", "nose", "mouth", "mouth"), strict=True):
            assert set(group) <= set(parts[part])


def test_names_of_no_part_are_left_out():
    own = Scheme("own", ("Left-Eyebrow", "pupil", "forehead", "eyelash"), (0, 1, 2, 3), {})
    assert parts_of(own) == {"brows": (0,), "eyes": (1,)}

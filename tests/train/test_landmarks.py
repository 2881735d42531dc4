"""Schemes: flips that mirror a face, normalisers, and the map to five points."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from facekp_train.datasets.tools.pts import read_pts
from facekp_train.landmarks import SCHEMES, adopt, five_matrix, flip_keypoints, scheme_of, to_five
from facekp_train.schemes import Scheme
from tests.support.places import MODELS

EVERY_SCHEME = pytest.mark.parametrize("points", SCHEMES)

# Pairs that change places, counted from 1 as the data sets' authors do (98 and 106: from 0); the
# published lists are MATCHED_PARTS in HRNet-Facial-Landmark-Detection, lib/utils/transforms.py; of 106,
# `swap` in MMPose's configs/_base_/datasets/lapa.py.
PUBLISHED = {
    68: "1-17 2-16 3-15 4-14 5-13 6-12 7-11 8-10 18-27 19-26 20-25 21-24 22-23 32-36 33-35 37-46 38-45 "
    "39-44 40-43 41-48 42-47 49-55 50-54 51-53 62-64 61-65 68-66 59-57 60-56",
    19: "1-6 2-5 3-4 7-12 8-11 9-10 13-15 16-18",
    21: "1-6 2-5 3-4 7-12 8-11 9-10 13-17 14-16 18-20",
    29: "1-2 5-7 3-4 6-8 9-10 11-12 13-15 17-18 14-16 19-20 23-24",
    98: "0-32 1-31 2-30 3-29 4-28 5-27 6-26 7-25 8-24 9-23 10-22 11-21 12-20 13-19 14-18 15-17 33-46 34-45 "
    "35-44 36-43 37-42 38-50 39-49 40-48 41-47 60-72 61-71 62-70 63-69 64-68 65-75 66-74 67-73 55-59 56-58 "
    "76-82 77-81 78-80 87-83 86-84 88-92 89-91 95-93 96-97",
    106: "0-32 1-31 2-30 3-29 4-28 5-27 6-26 7-25 8-24 9-23 10-22 11-21 12-20 13-19 14-18 15-17 33-46 34-45 "
    "35-44 36-43 37-42 38-50 39-49 40-48 41-47 55-65 56-64 57-63 58-62 59-61 66-79 67-78 68-77 69-76 70-75 "
    "71-82 72-81 73-80 74-83 84-90 85-89 86-88 91-95 92-94 96-100 97-99 101-103 104-105",
    5: "1-2 4-5",
}


@given(st.data())
@EVERY_SCHEME
def test_flip_twice_is_identity(points: int, data: st.DataObject) -> None:
    coordinates = st.floats(-4, 4, width=32)
    face = data.draw(hnp.arrays(np.float64, (3, points, 2), elements=coordinates))
    mirror = data.draw(st.sampled_from([0.0, 1.0, 127.0]))
    np.testing.assert_allclose(flip_keypoints(flip_keypoints(face, mirror), mirror), face, atol=1e-9)


@EVERY_SCHEME
def test_flip_mirrors_x_alone_and_leaves_its_argument(points: int) -> None:
    face = np.random.default_rng(points).random((points, 2))
    before = face.copy()
    flipped = flip_keypoints(face)
    np.testing.assert_array_equal(face, before)
    np.testing.assert_allclose(np.sort(flipped[:, 0]), np.sort(1 - face[:, 0]))
    np.testing.assert_allclose(np.sort(flipped[:, 1]), np.sort(face[:, 1]))


@EVERY_SCHEME
def test_flip_pairs_are_the_published_ones(points: int) -> None:
    first = 0 if points in (98, 106) else 1
    pairs = [pair.split("-") for pair in PUBLISHED[points].split()]
    wanted = {frozenset(int(end) - first for end in pair) for pair in pairs}
    flip = SCHEMES[points].flip
    assert {frozenset((i, j)) for i, j in enumerate(flip) if i != j} == wanted


@EVERY_SCHEME
def test_flip_keeps_neighbors_on_a_contour(points: int) -> None:
    """Mirrored, a jaw is still a jaw: neighbors stay neighbors."""
    scheme = SCHEMES[points]
    edges = set()
    for line in scheme.lines:
        edges |= {frozenset(edge) for edge in pairwise(line)}
    assert {frozenset(scheme.flip[i] for i in edge) for edge in edges} == edges


@EVERY_SCHEME
def test_normalisers_are_unchanged_by_a_flip(points: int) -> None:
    scheme = SCHEMES[points]
    for ends in scheme.normalisers.values():
        mirrored = [{scheme.flip[i] for i in end} for end in reversed(ends)]
        assert mirrored == [set(end) for end in ends]


def test_normalisers_are_the_published_ones() -> None:
    assert SCHEMES[68].normalisers["inter_ocular"] == ((36,), (45,))
    assert SCHEMES[68].normalisers["inter_pupil"] == (tuple(range(36, 42)), tuple(range(42, 48)))
    assert SCHEMES[98].normalisers == {"inter_ocular": ((60,), (72,)), "inter_pupil": ((96,), (97,))}
    assert SCHEMES[29].normalisers == {"inter_ocular": ((8,), (9,)), "inter_pupil": ((16,), (17,))}
    assert SCHEMES[5].normalisers == {"inter_pupil": ((0,), (1,))}
    assert [SCHEMES[n].primary for n in (5, 19, 68)] == ["inter_pupil", "box", "inter_ocular"]


def test_five_of_68_are_eye_centers_nose_tip_and_mouth_corners() -> None:
    face = np.random.default_rng(0).random((2, 68, 2))
    five = to_five(face)
    np.testing.assert_allclose(five[:, 0], face[:, 36:42].mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(five[:, 1], face[:, 42:48].mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(five[:, 2:], face[:, [30, 48, 54]])


@pytest.mark.parametrize("points", list(SCHEMES))
def test_five_of_a_mirrored_face_are_its_mirrored_five(points: int) -> None:
    face = np.random.default_rng(1).random((points, 2))
    np.testing.assert_allclose(to_five(flip_keypoints(face)), flip_keypoints(to_five(face)), atol=1e-6)


def test_no_five_are_invented_for_other_schemes() -> None:
    with pytest.raises(ValueError, match=r"no map from 107 .* one of 5, 19, 21, 29, 68, 98, 106"):
        five_matrix(107)


def test_unknown_scheme_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="107 points; there are 5, 19, 21, 29, 68, 98, 106"):
        scheme_of(107)


def test_a_count_that_is_not_that_of_ones_own_scheme_names_both() -> None:
    adopt(Scheme("mine", ("a", "b", "c"), (0, 1, 2), {}))
    with pytest.raises(ValueError, match=r"has 4 points; .* 106, and 3 of yours, 'mine'; describe"):
        scheme_of(4)


def test_mirrored_mean_face_of_68_looks_like_the_mean_face(shared_data: Path) -> None:
    folder = shared_data / "mtfl"
    faces = []
    for name in (folder / "pts68_train.txt").read_text().split()[::9]:
        face = read_pts((folder / name).with_suffix(".pts"))
        low, high = face.min(axis=0), face.max(axis=0)
        faces.append((face - (low + high) / 2) / (high - low).max())
    mean = np.mean(faces, axis=0)
    mirrored = flip_keypoints(mean, 0.0)
    distance = np.linalg.norm(mirrored[:, None] - mean[None], axis=2)
    np.testing.assert_array_equal(distance.argmin(axis=1), np.arange(68))
    assert distance.diagonal().max() < 0.03


@pytest.mark.parametrize(
    ("folder", "points"), [("300w", 68), ("300vw", 68), ("aflw", 19), ("cofw", 29), ("wflw", 98)]
)
def test_mirrored_genuine_faces_look_like_faces(shared_data: Path, folder: str, points: int) -> None:
    """However a head is turned, what joins a pair's two sides runs along the line of the eyes."""
    shapes = _coco_faces(shared_data / "samples" / folder)
    assert shapes
    for shape in shapes:
        assert shape.shape == (points, 2)
        pairs = [(i, j) for i, j in enumerate(SCHEMES[points].flip) if i < j]
        sides = np.array([shape[j] - shape[i] for i, j in pairs])
        sides[sides[:, 0] < 0] *= -1
        across = sides.sum(axis=0) / np.linalg.norm(sides.sum(axis=0))
        along = sides @ across / np.linalg.norm(sides, axis=1)
        assert along.min() > 0.5, (folder, pairs[int(along.argmin())])
        assert np.median(along) > 0.97


def test_the_five_of_cofws_genuine_faces_are_where_a_net_of_68_sees_them(shared_data: Path) -> None:
    """Its authors' names of the 29 are known from a figure alone: eye centers, nose tip, mouth corners."""
    pytest.importorskip("torch", reason="needs facekp[train]")
    from facekp_train.datasets import open_dataset
    from facekp_train.evaluation.evaluate import answer
    from facekp_train.networks.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(MODELS / "mdp-1x" / "model.safetensors")
    data = open_dataset(f"coco:{shared_data / 'samples' / 'cofw' / 'test_cofw.json'}")
    answers = answer(checkpoint.predict, data, checkpoint.header.crop_rule, boxes="tight", progress=False)
    face, seen = to_five(answers.samples[0].keypoints), to_five(answers.predicted[0])
    assert np.linalg.norm(face - seen, axis=1).max() < 0.1 * np.linalg.norm(face[1] - face[0])


def _coco_faces(folder: Path) -> list[np.ndarray]:
    document = json.loads(next(folder.glob("*.json")).read_text())
    return [np.array(a["keypoints"], float).reshape(-1, 3)[:, :2] for a in document["annotations"]]

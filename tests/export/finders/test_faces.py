"""Face finders: what they find, in which convention, and what happens where files are missing."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facekp_export.demo import demo_face, demo_photo
from facekp_export.finders import blazeface
from facekp_export.finders import registry as faces
from facekp_export.finders.base import CallableFinder, FoundFace, as_box, overlap, suppressed
from facekp_export.finders.blazeface import FULL_RANGE, SHORT_RANGE, BlazeFace, BlazeNetFaces
from facekp_export.finders.haar import HaarFaces
from facekp_export.finders.pyramid import Pyramid
from facekp_export.finders.registry import open_finder
from facekp_export.inference.flatbuffer import BLAZEFACE
from facekp_train.boxes import mapping_of
from facekp_train.common.console import UserError
from facekp_train.common.files import package_file, sha256_of
from facekp_train.crop import Square
from facekp_train.images import read_image


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return read_image(demo_photo())


@pytest.fixture(scope="module")
def blaze() -> BlazeFace:
    return BlazeFace()


def tight(face: FoundFace, source: str):
    return mapping_of(source).to_tight(face.box)


def test_anchors_follow_the_published_options():
    assert SHORT_RANGE.anchors().shape == (896, 2)
    assert FULL_RANGE.anchors().shape == (2304, 2)
    # The first cell of a stride-8 map of 128 pixels is centered at 4 pixels; x changes first.
    np.testing.assert_allclose(SHORT_RANGE.anchors()[[0, 1, 2]] * 128, [(4, 4), (4, 4), (12, 4)])
    np.testing.assert_allclose(SHORT_RANGE.anchors()[512] * 128, (8, 8))


@pytest.mark.parametrize("variant", [SHORT_RANGE, FULL_RANGE])
def test_each_net_finds_the_face_of_the_demo_photo(blaze, photo, variant):
    (face,) = BlazeNetFaces(variant).find(photo)
    assert face.score > variant.threshold
    assert overlap(tight(face, variant.box_source), demo_face()[1]) > 0.7


def test_the_default_finds_the_one_face_of_the_demo_photo(blaze, photo):
    (face,) = blaze.find(photo)
    assert 0.7 < face.score <= 1
    assert overlap(tight(face, "blazeface"), demo_face()[1]) > 0.7


def test_both_nets_boxes_come_in_one_convention():
    """A full-range box, converted, stands for the same tight box."""
    box = np.array([[100.0, 120.0, 60.0, 60.0]])
    ((x, y, width, height),), _ = blazeface.as_short_range((box, np.ones(1)))
    converted = mapping_of("blazeface").to_tight((x - width / 2, y - height / 2, width, height))
    np.testing.assert_allclose(converted, mapping_of("blazeface-full").to_tight((70, 90, 60, 60)), atol=1e-9)


@pytest.mark.parametrize("degrees", [-50, -30, 30, 50])
def test_tilted_faces_are_found(blaze, photo, degrees):
    x, y, width, height = demo_face()[1]
    center = x + width / 2, y + height / 2
    turned = cv2.warpAffine(photo, cv2.getRotationMatrix2D(center, degrees, 1.0), (512, 512))
    best = max(blaze.find(np.asarray(turned, np.uint8)), key=lambda face: face.score)
    assert overlap(tight(best, "blazeface"), demo_face()[1]) > 0.5


@pytest.mark.parametrize("across", [3, 6])
def test_small_faces_in_a_crowd_are_all_found(blaze, photo, across):
    """The portrait tiled: the face is 1/6 of its width, so 1/18 and 1/36 of the crowd's."""
    small = cv2.resize(photo, (256, 256), interpolation=cv2.INTER_AREA)
    crowd = np.tile(np.asarray(small, np.uint8), (across, across, 1))
    found = [tight(face, "blazeface") for face in blaze.find(crowd)]
    x, y, width, height = (value / 2 for value in demo_face()[1])
    for row in range(across):
        for column in range(across):
            place = (x + 256 * column, y + 256 * row, width, height)
            assert max(overlap(box, place) for box in found) > 0.5, (row, column)
    assert len(found) == across**2


def test_a_face_that_fills_the_frame_is_found(blaze, photo):
    x, y, width, height = (round(value) for value in demo_face()[1])
    close = np.ascontiguousarray(photo[y : y + height, x : x + width])
    (face,) = blaze.find(close)
    assert overlap(tight(face, "blazeface"), (0, 0, width, height)) > 0.6


@pytest.mark.parametrize("finder", ["blazeface", "blazeface-fast", "blazeface-full", "haar"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (900, 2), (480, 640)])
def test_pictures_without_a_face_give_none(finder, shape, blaze):
    assert open_finder(finder).find(np.full((*shape, 3), 128, np.uint8)) == []


def test_the_cascade_finds_the_face_and_scores_it(photo):
    best, *_ = HaarFaces().find(photo)
    assert 0 < best.score < 1
    assert overlap(tight(best, "haar"), demo_face()[1]) > 0.6
    doubled = np.asarray(cv2.resize(photo, (2048, 2048), interpolation=cv2.INTER_CUBIC), np.uint8)
    large, *_ = HaarFaces().find(doubled)
    np.testing.assert_allclose(np.divide(large.box, 4), best.box, atol=12)


def test_an_installation_that_lost_a_net_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(blazeface, "package_file", lambda package, *names: tmp_path.joinpath(*names))
    with pytest.raises(UserError, match=r"short_range\.tflite is missing; reinstall facekp"):
        open_finder("blazeface")
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "face_detection_short_range.tflite").write_bytes(b"another")
    with pytest.raises(ValueError, match="not the BlazeFace net of that name"):
        open_finder("blazeface")


def test_the_notice_names_the_nets_as_they_are():
    nets = package_file("facekp_export.finders", "nets")
    notice = (nets / "NOTICE").read_text()
    for file, sha256 in BLAZEFACE.items():
        assert f"{sha256}  {file}\n" in notice
        assert sha256_of(nets / file) == sha256
    assert {path.name for path in nets.glob("*.tflite")} == set(BLAZEFACE)


def test_an_unknown_finder_is_refused_with_those_that_exist():
    with pytest.raises(ValueError, match=r"'mtcnn'.*blazeface, .*haar"):
        open_finder("mtcnn")


def test_a_finder_is_added_by_one_line(monkeypatch):
    finder = CallableFinder(lambda image: [(1, 2, 3, 4)], "tight")
    monkeypatch.setitem(faces.FINDERS, "mine", lambda threads: finder)
    assert open_finder("mine").find(np.zeros((9, 9, 3), np.uint8)) == [FoundFace((1.0, 2.0, 3.0, 4.0), 1.0)]


def test_a_functions_bad_boxes_are_refused():
    with pytest.raises(ValueError, match="face box"):
        CallableFinder(lambda image: [(0, 0, 0, 0)], "tight").find(np.zeros((9, 9, 3), np.uint8))


def test_overlapping_faces_are_one_and_neighbors_are_two():
    large, inside, beside = (FoundFace(box, score) for box, score in [
        ((0, 0, 100, 100), 0.8), ((30, 30, 40, 40), 0.9), ((80, 0, 100, 100), 0.7),
    ])  # fmt: skip
    assert suppressed([large, inside, beside]) == [inside, beside]
    assert suppressed([large, beside]) == [large, beside]
    assert suppressed([]) == []


def test_candidates_are_averaged_by_their_scores():
    boxes = np.array([(50.0, 50, 40, 40), (54, 50, 40, 40), (200, 50, 40, 40)])
    first, second = blazeface.merged(boxes, np.array([0.9, 0.3, 0.5]))
    assert first.score == 0.9 and first.box == pytest.approx((31, 30, 40, 40))
    assert second.box == (180, 30, 40, 40)
    assert blazeface.merged(np.empty((0, 4)), np.empty(0)) == []


def test_a_view_reads_the_same_place_at_every_size():
    """The halved levels keep positions: a disc's centroid stays where it is in the view."""
    for side in (257, 1030, 2311):
        image = np.zeros((side, side, 3), np.uint8)
        center = 0.37 * side
        cv2.circle(
            image, (round(center * 256), round(center * 256)), round(side * 12), (255,) * 3, -1, shift=8
        )
        view = Square((side - 1) / 2, (side - 1) / 2, side)
        crop = Pyramid(image).read(view, 128)[:, :, 0].astype(float)
        share = (crop.sum(0) @ (np.arange(128) + 0.5)) / crop.sum() / 128
        assert share == pytest.approx((center + 0.5) / side, abs=0.15 / 128)


def test_boxes_are_plain_floats():
    assert as_box(np.array([1, 2, 3, 4])) == (1.0, 2.0, 3.0, 4.0)
    assert {type(value) for value in as_box(np.ones(4, np.float32))} == {float}

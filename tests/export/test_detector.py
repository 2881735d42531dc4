"""The detector: right pixels, one face a box, refinement, hostile input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from facekp_export.demo import demo_face
from facekp_export.detector import KeypointDetector
from facekp_export.finders.base import CallableFinder, FoundFace
from facekp_train.boxes import mapping_of
from facekp_train.common.shipped import shipped_models_dir
from facekp_train.crop import tight_box
from tests.support.files.synthetic_faces import DiscModel, OvalModel, UnsureModel, draw_face


@pytest.fixture
def detector() -> KeypointDetector:
    return KeypointDetector(DiscModel())  # type: ignore[arg-type]


def canvas(height: int = 300, width: int = 400) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def box_around(points: np.ndarray) -> tuple[float, float, float, float]:
    """The tight box of all keypoints of a face whose five are known."""
    return mapping_of("tight5").to_tight(tight_box(points))


@pytest.mark.parametrize("eyes", [18.0, 40.3, 90.0])
@pytest.mark.parametrize("refine", [False, True])
def test_keypoints_land_on_the_pixels_they_were_drawn_at(detector, eyes, refine):
    image = canvas()
    points = draw_face(image, (200.4, 150.7), eyes)
    (face,) = detector.detect(image, boxes=[box_around(points)], refine=refine)
    assert face.keypoints.dtype == np.float32 and face.keypoints.shape == (5, 2)
    # A disc's rim is anti-aliased in 8 bits; a half-pixel slip in the geometry would be 0.5.
    np.testing.assert_allclose(face.keypoints, points, atol=0.12)


def test_flip_average_gives_the_same_points_for_a_model_without_a_side(detector):
    image = canvas()
    points = draw_face(image, (180, 140), 50)

    class Mirrored(DiscModel):
        """A net knows left from right by place, the disc model by color: swap what the mirror swapped."""

        def predict(self, crops):
            first = super().predict(crops)
            return first if self.calls % 2 else first[:, [1, 0, 2, 4, 3]]

    (face,) = KeypointDetector(Mirrored()).detect(  # type: ignore[arg-type]
        image, [box_around(points)], refine=False, flip_average=True
    )
    np.testing.assert_allclose(face.keypoints, points, atol=0.12)


def test_each_box_gets_one_face_in_order_even_outside_the_image(detector):
    image = canvas()
    left = draw_face(image, (100, 150), 40)
    right = draw_face(image, (300, 150), 40)
    outside = (-5000.0, 9000.0, 50.0, 60.0)
    boxes = [box_around(right), outside, box_around(left), box_around(right)]
    faces = detector.detect(image, boxes)
    assert [face.box for face in faces] == boxes
    assert [face.score for face in faces] == [1.0] * 4
    for face, points in zip(faces, [right, None, left, right], strict=True):
        assert np.isfinite(face.keypoints).all()
        if points is not None:
            np.testing.assert_allclose(face.keypoints, points, atol=0.12)


def test_no_boxes_given_is_no_faces_and_arrays_of_boxes_work(detector):
    image = canvas()
    assert detector.detect(image, boxes=[]) == []
    points = draw_face(image, (200, 150), 40)
    (face,) = detector.detect(image, np.array([box_around(points)]))
    assert all(type(value) is float for value in face.box)


def test_a_sources_mapping_is_applied_and_the_model_files_comes_first(detector):
    image = canvas()
    points = draw_face(image, (200, 150), 40)
    x, y, side, _ = box_around(points)
    fit = mapping_of("mtfl")
    listed_side = side / fit.scale
    center = np.array([x, y]) + side / 2 - np.array([fit.dx, fit.dy]) * listed_side
    listed = (*(center - listed_side / 2).tolist(), listed_side, listed_side)
    tight = detector.detect(image, [(x, y, side, side)], refine=False)[0]
    mapped = detector.detect(image, [listed], box_source="mtfl", refine=False)[0]
    np.testing.assert_allclose(mapped.keypoints, tight.keypoints, atol=1e-3)

    detector.info.boxes["mtfl"] = mapping_of("haar")
    assert detector.mapping("mtfl") == mapping_of("haar")
    del detector.info.boxes["mtfl"]
    assert detector.mapping("mtfl") == mapping_of("mtfl")


def test_an_unknown_box_source_is_refused_with_those_that_exist(detector):
    with pytest.raises(ValueError, match=r"'retina'.*blazeface.*tight"):
        detector.detect(canvas(), [(1, 2, 30, 30)], box_source="retina")


def test_refinement_looks_again_at_a_face_in_a_loose_box():
    image = canvas(600, 600)
    image[200:400, 250:450] = 255
    loose = (210.0, 160.0, 280.0, 280.0)
    detector = KeypointDetector(OvalModel())  # type: ignore[arg-type]
    rough = tight_box(detector.detect(image, [loose], refine=False)[0].keypoints)
    refined = tight_box(detector.detect(image, [loose])[0].keypoints)
    truth = (249.5, 199.5, 200, 200)
    assert np.abs(np.subtract(rough, truth)).max() > 8
    np.testing.assert_allclose(refined, truth, atol=2.5)


def test_refinement_keeps_the_first_crop_when_the_answer_is_no_face():
    class Collapsed(OvalModel):
        def predict(self, crops):
            return np.full((len(crops), 68, 2), 0.25, np.float32)

    box = (100.0, 100.0, 50.0, 50.0)
    one, two = (
        KeypointDetector(Collapsed()).detect(canvas(), [box], refine=refine)[0].keypoints  # type: ignore[arg-type]
        for refine in (False, True)
    )
    np.testing.assert_array_equal(one, two)


class Finder:
    box_source = "tight"

    def __init__(self, *found: FoundFace) -> None:
        self.found = list(found)

    def find(self, image):
        return self.found


def test_found_faces_come_by_falling_score_without_overlaps():
    image = canvas()
    left, right = draw_face(image, (100, 150), 40), draw_face(image, (300, 150), 40)
    x, y, w, h = box_around(right)
    finder = Finder(
        FoundFace(box_around(left), 0.6),
        FoundFace((x + 4, y, w, h), 0.7),
        FoundFace((x, y, w, h), 0.9),
    )
    faces = KeypointDetector(DiscModel(), finder).detect(image)  # type: ignore[arg-type]
    assert [face.score for face in faces] == [0.9, 0.6]
    assert faces[0].box == (x, y, w, h)
    np.testing.assert_allclose(faces[0].keypoints, right, atol=0.12)


def test_two_finds_whose_keypoints_agree_are_one_face():
    image = canvas()
    points = draw_face(image, (200, 150), 40)
    x, y, side, _ = box_around(points)
    # They share a third of a box: two faces by their boxes, one by the keypoints seen in both.
    shift = side * 0.28
    finder = Finder(
        FoundFace((x - shift, y - shift, side, side), 0.8), FoundFace((x + shift, y + shift, side, side), 0.9)
    )
    detector = KeypointDetector(DiscModel(), finder)  # type: ignore[arg-type]
    assert [face.score for face in detector.detect(image)] == [0.9]


def test_nothing_found_is_an_empty_list():
    assert KeypointDetector(DiscModel(), Finder()).detect(canvas()) == []  # type: ignore[arg-type]


def test_a_function_of_the_users_finds_faces():
    image = canvas()
    points = draw_face(image, (200, 150), 40)
    finder = CallableFinder(lambda picture: [list(box_around(points))], box_source="tight")
    (face,) = KeypointDetector(DiscModel(), finder).detect(image)  # type: ignore[arg-type]
    np.testing.assert_allclose(face.keypoints, points, atol=0.12)
    with pytest.raises(ValueError, match="CallableFinder"):
        KeypointDetector(DiscModel(), lambda picture: [])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((20, 20), np.uint8), "COLOR_GRAY2RGB"),
        (np.zeros((20, 20, 1), np.uint8), "COLOR_GRAY2RGB"),
        (np.zeros((20, 20, 4), np.uint8), "alpha"),
        (np.zeros((20, 20, 3), np.float32), "astype"),
        (np.zeros((0, 20, 3), np.uint8), "uint8"),
        (np.zeros((1, 3, 20, 20), np.uint8), "uint8"),
        ("photo.jpg", "numpy array"),
    ],
)
def test_another_kind_of_image_is_refused_with_the_remedy(detector, image, message):
    with pytest.raises(ValueError, match=message):
        detector.detect(image, [(1, 1, 5, 5)])


@pytest.mark.parametrize(
    "box",
    [
        (0, 0, 0, 10), (0, 0, 10, -1), (float("nan"), 0, 10, 10), (0, float("inf"), 10, 10),
        (1e300, 0, 10, 10), (0, 0, 1e300, 1e300), (0, -1e300, 10, 10), (10**400, 0, 10, 10),
        (1, 2, 3), (1, 2, 3, 4, 5), 7.0, "abcd", None,
    ],
)  # fmt: skip
def test_a_bad_box_is_refused(detector, box):
    with pytest.raises(ValueError, match="face box"):
        detector.detect(canvas(), [(10, 10, 20, 20), box])


@pytest.mark.parametrize("box", [(1e9, 1e9, 50, 50), (0, 0, 1e7, 1e7), (5, 5, 1e-3, 1e-3), (-1e6, 0, 2e6, 3)])
def test_extreme_boxes_still_give_one_finite_face(detector, box):
    (face,) = detector.detect(canvas(), [box])
    assert np.isfinite(face.keypoints).all()


def test_views_and_tiny_images_work(detector):
    image = canvas()
    points = draw_face(image, (200, 150), 40)
    mirrored = image[:, ::-1]
    (face,) = detector.detect(mirrored[:, ::-1], [box_around(points)])
    np.testing.assert_allclose(face.keypoints, points, atol=0.12)
    assert len(detector.detect(np.zeros((1, 1, 3), np.uint8), [(0, 0, 1, 1)])) == 1


def test_a_model_that_answers_nan_is_no_model(detector, monkeypatch):
    monkeypatch.setattr(detector.model, "predict", lambda crops: np.full((1, 5, 2), np.nan, np.float32))
    with pytest.raises(ValueError, match="not finite"):
        detector.detect(canvas(), [(1, 1, 50, 50)])


def textured(height: int = 300, width: int = 400) -> np.ndarray:
    squares = np.random.default_rng(0).integers(0, 255, (height // 10, width // 10, 3), np.uint8)
    return squares.repeat(10, 0).repeat(10, 1)


@pytest.mark.parametrize("options", [{}, {"flip_average": True}, {"refine": False, "flip_average": True}])
def test_confidence_ranks_planted_errors(options):
    noise = np.geomspace(0.0005, 0.05, 9)
    looks = 4 if len(options) == 1 else 2
    detector = KeypointDetector(UnsureModel(noise, looks))  # type: ignore[arg-type]
    box = (150.0, 100.0, 100.0, 100.0)
    given = [detector.detect(textured(), [box], **options)[0].confidence for _ in noise]
    chances = [chance for chance in given if chance is not None]
    assert chances == given and all(0 <= chance <= 1 for chance in chances)
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > 0.99 and chances[-1] < 0.1


def test_one_look_has_no_confidence(detector):
    image = canvas()
    box = box_around(draw_face(image, (200, 150), 40))
    assert detector.detect(image, [box])[0].confidence is None, "five points tell no box to refine"
    oval = KeypointDetector(OvalModel())  # type: ignore[arg-type]
    assert oval.detect(textured(), [box], refine=False)[0].confidence is None


def test_the_scale_in_the_file_counts():
    chances = []
    for scale in (0.001, None, 0.5):
        model = UnsureModel([0.01])
        model.info = replace(model.info, confidence_scale=scale)
        (face,) = KeypointDetector(model).detect(textured(), [(150, 100, 100, 100)])  # type: ignore[arg-type]
        chances.append(face.confidence)
    assert chances[0] < 0.01 < chances[1] < 0.99 < chances[2]


def test_a_crop_without_texture_has_no_confidence_however_well_the_looks_agree():
    for image in (canvas(), canvas() + np.uint8(128)):
        (face,) = KeypointDetector(UnsureModel([0.0])).detect(image, [(150, 100, 100, 100)])  # type: ignore[arg-type]
        assert face.confidence == 0
    (outside,) = KeypointDetector(UnsureModel([0.0])).detect(textured(), [(-900, 100, 100, 100)])  # type: ignore[arg-type]
    assert outside.confidence == 0


def test_an_answer_that_tells_no_box_has_no_confidence():
    class Collapsed(OvalModel):
        def predict(self, crops):
            return np.full((len(crops), 68, 2), 0.25, np.float32)

    (face,) = KeypointDetector(Collapsed()).detect(textured(), [(150, 100, 100, 100)])  # type: ignore[arg-type]
    assert face.confidence == 0


@pytest.mark.parametrize("name", ["mdp-0.25x", "mdp-1x"])
def test_the_shipped_nets_are_sure_of_a_face_and_of_nothing_else(name):
    detector = KeypointDetector.from_export(shipped_models_dir() / name / "model_int8.tflite")
    image, tight = demo_face()
    sure, mirrored = (detector.detect(image, [tight], flip_average=flip)[0] for flip in (False, True))
    assert (sure.confidence or 0) > 0.5 < (mirrored.confidence or 0)
    ramp = np.broadcast_to(np.linspace(0, 255, 400).astype(np.uint8)[None, :, None], (300, 400, 3))
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    for nothing in (canvas() + np.uint8(128), ramp, noise):
        (face,) = detector.detect(nothing, [(150, 100, 100, 100)])
        assert face.confidence is not None and face.confidence < (sure.confidence or 0) / 3

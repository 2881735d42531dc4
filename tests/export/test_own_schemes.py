"""Two schemes of one count side by side, from the checkpoint through the export to the detector."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_export.detection.faces import drawn
from facekp_export.detector import KeypointDetector
from facekp_export.inference.metadata import tflite_with_info
from facekp_export.inference.runtimes import open_model
from facekp_export.tracking import TrackedFace, VideoTracker
from facekp_export.verification.check import check_labelled
from facekp_export.verification.labelled import LabelledFaces
from facekp_export.verification.manifest import read_manifest
from facekp_train.common.shipped import default_model
from facekp_train.crop import CropRule
from facekp_train.landmarks import scheme_of
from facekp_train.samples import FaceSample
from facekp_train.schemes import Scheme
from tests.support.extras import needs_export
from tests.support.files.schemes import MOUTH
from tests.support.files.synthetic_faces import DiscModel, draw_face

FACE = (60.0, 50.0, 80.0, 80.0)
EXPORTS = """
from facekp_export.export import export_model
from facekp_export.verification.verify import Tolerance
for name in ("five", "mouth"):
    export_model(f"{name}.safetensors", name, to=("onnx",), tolerance=Tolerance(quantized=99))
"""


def photo() -> np.ndarray:
    image = np.full((200, 220, 3), 40, np.uint8)
    draw_face(image, (100.0, 90.0), 40.0)
    return image


def detector_of(scheme: Scheme) -> KeypointDetector:
    model = DiscModel()
    model.info = replace(model.info, scheme=scheme)
    return KeypointDetector(model)  # type: ignore[arg-type]


def test_a_file_mirrors_by_its_own_flip_order() -> None:
    """Discs light up where they are; which of them change places in the mirror is the scheme's."""
    still = replace(MOUTH, flip=(0, 1, 2, 3, 4))
    published, own = (
        detector_of(scheme).look(photo(), [FACE], mirrored=True)[0] for scheme in (scheme_of(5), still)
    )
    plain = detector_of(MOUTH).look(photo(), [FACE])[0]
    np.testing.assert_allclose(own, plain, atol=0.5)
    np.testing.assert_allclose(published[[1, 0, 2, 4, 3]], plain, atol=0.5)


def test_a_file_refines_by_its_own_box() -> None:
    """The published five do not reach the face's edge, so their box is not refined; the own one's is."""
    looks = []
    for scheme in (scheme_of(5), MOUTH):
        detector = detector_of(scheme)
        crops: list[np.ndarray] = []
        monitored = detector.model.predict
        detector.model.predict = lambda views, seen=crops, ask=monitored: seen.append(views) or ask(views)  # type: ignore[method-assign]
        detector.detect(photo(), [(50, 40, 100, 100)])
        looks.append(crops)
    (once,), (first, second) = looks
    assert once.shape == first.shape == second.shape and (first != second).any()


def test_a_video_is_followed_and_drawn_by_the_files_own_scheme() -> None:
    detector = detector_of(MOUTH)
    tracker = VideoTracker(detector)
    assert tracker.detector.scheme == MOUTH
    points = np.array([(40.0, 60), (120, 60), (80, 30), (80, 90), (80, 110)], np.float32)
    face = TrackedFace(1, points, (40, 30, 80, 80), 1.0)
    own, plain = (drawn(photo(), [face], scheme) for scheme in (MOUTH, scheme_of(5)))
    assert (own[45, 60] != plain[45, 60]).any(), "a line from the left corner to the upper lip"


def test_a_file_of_schema_1_and_its_like_of_schema_2_are_one_model(tmp_path: Path) -> None:
    """Whatever the shipped file's schema: written as either, it reads, answers and is drawn the same."""
    source = default_model()
    info = open_model(source).info
    document = json.loads(info.to_json())
    later = ("input", "five_offset", "confidence_scale", "weights_licence")
    later_fields = ("input_type", *later[1:])
    old = {key: document[key] for key in document if key not in later}
    old |= {"schema": 1, "scheme": info.scheme.name}

    class Schema1:
        def to_json(self) -> str:
            return json.dumps(old)

    answers, infos = [], []
    for number, stamp in enumerate((Schema1(), replace(info, input_type="uint8"))):
        path = tmp_path / f"{number}.tflite"
        path.write_bytes(tflite_with_info(source.read_bytes(), stamp))  # type: ignore[arg-type]
        detector = KeypointDetector.from_export(path)
        infos.append(replace(detector.info, **dict.fromkeys(later_fields)))
        answers.append(detector.detect(photo(), [FACE], "mtfl", flip_average=True)[0].keypoints)
    first, second = infos
    assert first == second and first.scheme == scheme_of(68)
    np.testing.assert_array_equal(*answers)


def labelled(folder: Path, scheme: Scheme) -> LabelledFaces:
    """One face whose labels lie three pixels right of its discs."""
    image = np.full((200, 220, 3), 40, np.uint8)
    points = draw_face(image, (100.0, 90.0), 40.0)
    cv2.imwrite(str(folder / "a.png"), image[..., ::-1])
    sample = FaceSample(
        folder / "a.png",
        (points + np.array([3, 0])).astype(np.float32),
        np.ones(5, bool),
        box=FACE,
        box_source="tight",
    )
    return LabelledFaces("own", "all", [sample])


def test_labelled_faces_are_measured_by_the_files_own_normalisers(tmp_path: Path) -> None:
    faces = labelled(tmp_path, MOUTH)
    result = faces.measure(DiscModel().predict, CropRule(), MOUTH)
    eyes = faces.samples[0].keypoints[:2]
    assert set(result.nme) == {"mouth_width", "mouth_height", "box"}
    assert result.nme["mouth_width"] == pytest.approx(300 / np.ptp(eyes[:, 0]), rel=0.1)
    assert set(faces.measure(DiscModel().predict, CropRule()).nme) == {"inter_pupil", "box"}


@pytest.mark.slow
def test_two_schemes_of_five_points_live_side_by_side(tmp_path: Path) -> None:
    """One and the same net, trained under two names."""
    needs_export()
    from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
    from facekp_train.networks.keypoint_net import NetConfig
    from tests.support.models.small_nets import acquainted_net, noise_crops

    size = 64
    config = NetConfig(points=5, size=size, widths=(8,) * 16, hidden=16, heatmap_width=0)
    net = acquainted_net(config, noise_crops(32, size))
    shape = {"net": config, "crop": CropRule(size=size).as_dict()}
    offset, licence = ((0.01, -0.02),) * 5, "for research only"
    mapped = replace(MOUTH, five=((0,), (1,), (2,), (3,), (4,)))
    own = CheckpointHeader(**shape, scheme=mapped, five_offset=offset, weights_licence=licence)
    save_checkpoint(tmp_path / "five.safetensors", net, CheckpointHeader(**shape))
    save_checkpoint(tmp_path / "mouth.safetensors", net, own)
    # In a process of their own: the converters change what this one prints to.
    command = [sys.executable, "-c", EXPORTS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    detectors = []
    for name in ("five", "mouth"):
        detectors.append(KeypointDetector.from_export(tmp_path / name / "model.onnx"))
        manifest = read_manifest(tmp_path / name)
        assert manifest is not None and manifest.scheme == detectors[-1].scheme.name
        assert manifest.weights_licence == detectors[-1].info.weights_licence
    five, mouth = detectors
    assert five.scheme == scheme_of(5) and mouth.scheme == mapped
    assert (mouth.info.five_offset, mouth.info.weights_licence) == (offset, licence)
    assert (five.info.five_offset, five.info.weights_licence) == (None, None)
    assert mouth.info.input_type == five.info.input_type == "float32"
    crops = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    np.testing.assert_array_equal(five.predict(crops), mouth.predict(crops))
    sides = [d.look(photo(), [FACE], mirrored=True)[0] for d in detectors]
    np.testing.assert_array_equal(sides[0][[2, 3, 4]][:, 1] != sides[1][[2, 3, 4]][:, 1], [False, True, True])
    document = check_labelled([mouth.model], labelled(tmp_path, mapped)).document
    assert document["files"][0]["normaliser"] == "mouth_width"

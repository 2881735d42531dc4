"""The scale of confidence at export: from faces as the detector sees them, none where nothing can be said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facekp_export.detector import KeypointDetector
from facekp_export.inference.metadata import ModelInfo
from facekp_export.verification import confidence_fit
from facekp_export.verification.confidence_fit import fitted_scale
from facekp_train.draw import write_picture
from facekp_train.evaluation.evaluate import Answers
from facekp_train.images import read_image
from facekp_train.samples import FaceSample
from tests.support.files.synthetic_faces import DiscModel, UnsureModel

FACES = 150
NOISE = np.linspace(0.002, 0.03, FACES)


@pytest.fixture
def faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[FaceSample]:
    """As many faces of one photograph, whose keypoints are where a sure model sees them."""
    squares = np.random.default_rng(1).integers(0, 255, (12, 12, 3), np.uint8)
    write_picture(tmp_path / "face.png", squares.repeat(10, 0).repeat(10, 1))
    box = (30.0, 30.0, 60.0, 60.0)
    image = read_image(tmp_path / "face.png")
    (sure,) = KeypointDetector(UnsureModel([0.0])).detect(image, [box])  # type: ignore[arg-type]
    found = [FaceSample(tmp_path / "face.png", sure.keypoints, np.ones(68, bool), box)] * FACES
    monkeypatch.setattr(confidence_fit, "open_dataset", lambda spec: found)
    return found


def fitted(model: UnsureModel | DiscModel, info: ModelInfo | None = None) -> float | None:
    return fitted_scale(model.predict, info or model.info, "any:faces")


def test_with_the_fitted_scale_confidence_is_the_share_of_good_faces(faces: list[FaceSample]) -> None:
    scale = fitted(UnsureModel(NOISE))
    assert scale is not None
    other = replace(UnsureModel(NOISE).info, confidence_scale=0.1)
    assert fitted(UnsureModel(NOISE), other) == pytest.approx(scale, rel=0.01), "whatever held before"
    model = UnsureModel(NOISE, seed=1)
    model.info = replace(model.info, confidence_scale=scale)
    detector = KeypointDetector(model)  # type: ignore[arg-type]
    image = read_image(faces[0].image)
    seen = [detector.detect(image, [face.box])[0] for face in faces if face.box]
    predicted = np.stack([face.keypoints for face in seen]).astype(np.float64)
    good = Answers(samples=faces, predicted=list(predicted), sides=[1.0] * FACES).score().errors < 5
    chances = [face.confidence for face in seen if face.confidence is not None]
    assert 0.2 < np.mean(good) < 0.8
    assert np.mean(chances) == pytest.approx(np.mean(good), abs=0.08)


def test_too_few_or_unreadable_faces_fit_nothing(faces: list[FaceSample]) -> None:
    faces[50:] = [replace(face, image=Path("missing.png")) for face in faces[50:]]
    assert fitted(UnsureModel(NOISE)) is None
    del faces[:]
    assert fitted(UnsureModel(NOISE)) is None


def test_a_model_that_is_never_refined_has_no_scale(faces: list[FaceSample]) -> None:
    assert fitted(DiscModel()) is None


def test_a_markup_that_cannot_be_compared_fits_nothing(faces: list[FaceSample]) -> None:
    odd = np.zeros((7, 2), np.float32)
    faces[:] = [replace(face, keypoints=odd, visible=np.ones(7, bool)) for face in faces]
    assert fitted(UnsureModel(NOISE)) is None

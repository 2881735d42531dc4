"""Crops for calibration and verification."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facekp_export.demo import demo_face
from facekp_export.quantization import calibration
from facekp_export.quantization.calibration import crop_sets, demo_views
from facekp_export.quantization.distilled_crops import distilled_crops
from facekp_train.common.console import UserError
from facekp_train.crop import CropRule, cut
from facekp_train.datasets import open_dataset
from tests.support.files.annotated_faces import face_like

RULE = CropRule(size=32)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(calibration, "CALIBRATION_CROPS", 24)
    monkeypatch.setattr(calibration, "VERIFICATION_CROPS", 8)


def test_demo_views_are_the_same_each_time_and_differ_among_each_other() -> None:
    views = demo_views(RULE, 12)
    assert views.shape == (12, 32, 32, 3) and views.dtype == np.uint8
    assert np.array_equal(views, demo_views(RULE, 12))
    assert len({view.tobytes() for view in views}) == 12


def test_views_show_the_face() -> None:
    image, tight = demo_face()
    plain = cut(image, RULE.square(tight), RULE).astype(float)
    views = demo_views(RULE, 40).astype(float)
    # Every second view is mirrored.
    faces = [plain[:, ::-1] if index % 2 else plain for index in range(len(views))]
    like = [np.corrcoef(f.ravel(), v.ravel())[0, 1] for f, v in zip(faces, views, strict=True)]
    assert np.median(like) > 0.5


def test_no_crop_serves_both_ends_and_black_and_white_are_there() -> None:
    sets = crop_sets(None, RULE)
    assert (len(sets.calibration), len(sets.verification)) == (24, 8)
    assert {c.tobytes() for c in sets.calibration}.isdisjoint(c.tobytes() for c in sets.verification)
    assert sets.calibration.min() == 0 and sets.calibration.max() == 255
    assert "demo photo" in sets.source


def test_distilled_crops_calibrate_and_do_not_judge() -> None:
    sets = crop_sets(None, RULE)
    distilled = {crop.tobytes() for crop in distilled_crops(RULE.size)}
    assert sum(crop.tobytes() in distilled for crop in sets.calibration) == 3
    assert not any(crop.tobytes() in distilled for crop in sets.verification)


def write_faces(folder: Path, count: int) -> str:
    import cv2

    random = np.random.default_rng(0)
    for number in range(count):
        image = random.integers(0, 256, (60, 60, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / f"{number:03}.png"), image)
        points = "\n".join(f"{x:.1f} {y:.1f}" for x, y in face_like(68, number) * 30 + 15)
        (folder / f"{number:03}.pts").write_text(f"version: 1\nn_points: 68\n{{\n{points}\n}}\n")
    return f"pts:{folder}"


def test_faces_of_a_data_set_serve_instead(tmp_path: Path) -> None:
    sets = crop_sets(write_faces(tmp_path, 40), RULE)
    assert (len(sets.calibration), len(sets.verification)) == (24, 8)
    assert sets.source == "pts faces"


def test_an_open_data_set_keeps_its_limit_and_says_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = crop_sets(open_dataset(write_faces(tmp_path, 40), limit=22), RULE)
    assert len(sets.calibration) + len(sets.verification) == 22
    assert sets.source == "pts faces"
    assert "--limit: 22 of 40 faces" in capsys.readouterr().err


def test_what_a_data_set_leaves_out_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A face in shares of its photograph, of which nobody would hear else."""
    spec = write_faces(tmp_path, 30)
    shares = "\n".join(f"{x:.4f} {y:.4f}" for x, y in face_like(68) / 2)
    (tmp_path / "000.pts").write_text(f"version: 1\nn_points: 68\n{{\n{shares}\n}}\n")
    (tmp_path / "001.png").write_bytes(b"no image")
    crop_sets(spec, RULE)
    said = capsys.readouterr().err
    assert "2 skipped" in said and "which no face does" in said and "not an image that can be read" in said


def test_unreadable_images_are_passed_over_until_too_few_are_left(tmp_path: Path) -> None:
    spec = write_faces(tmp_path, 30)
    for number in range(5):
        (tmp_path / f"{number:03}.png").write_bytes(b"no image")
    assert len(crop_sets(spec, RULE).calibration) >= 15
    for number in range(20):
        (tmp_path / f"{number:03}.png").write_bytes(b"no image")
    with pytest.raises(
        UserError, match=r"usable faces and calibration needs .* 20 were skipped, first .*000\.png"
    ):
        crop_sets(spec, RULE)

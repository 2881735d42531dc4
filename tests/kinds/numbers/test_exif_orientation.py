"""A photograph is read upright in every format, wherever the mark of its orientation stands."""

from __future__ import annotations

import io
import json
import struct
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageOps

from facekp_export.demo import demo_photo
from facekp_train.images import read_image
from facekp_train.pictures.decoding import read_header, upright_points
from facekp_train.pictures.kinds import HEIC, is_read
from tests.support.files.annotated_faces import points_file
from tests.support.models.detect_cli import call
from tests.support.models.train_cli import command, printed
from tests.support.pictures.turned_pictures import FORMS, TURNED, exif, saved

UPRIGHT = read_image(demo_photo())[::2, ::2][:200]
# Marks that exiftool and ImageMagick read and Pillow does not, as of any JPEG 2000.
NOT_PILLOWS = {
    "empty_first.jpg", "empty_and_xmp.jpg", "empty_first.png", "profile_app1.png", "xmp_profile.png",
    "xmp_profile_app1.png",
}  # fmt: skip
MODEL = Path("models/mdp-0.25x/model.safetensors")


def written(path: Path, orientation: int) -> Path:
    path.write_bytes(FORMS[path.name](TURNED[orientation](UPRIGHT), orientation))
    return path


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("name", FORMS)
def test_every_format_is_turned_by_every_mark(name: str, orientation: int, tmp_path: Path) -> None:
    path = written(tmp_path / name, orientation)
    image = read_image(path)
    assert image.shape == UPRIGHT.shape
    lossy = name.endswith((".jpg", ".jfif")) or name in ("lossy.webp", "headed.webp")
    assert np.abs(image.astype(int) - UPRIGHT).mean() <= (8 if lossy else 0)
    if name.endswith(".jp2") or name in NOT_PILLOWS:
        return
    # As every viewer shows it.
    shown = np.asarray(ImageOps.exif_transpose(Pillow.open(path)).convert("RGB"))
    assert np.abs(image.astype(int) - shown).mean() < 1


@pytest.mark.parametrize("depth", ["I;16", "I;16B"])
@pytest.mark.parametrize("orientation", TURNED)
def test_tiff_of_sixteen_bits_too(depth: str, orientation: int, tmp_path: Path) -> None:
    stored = TURNED[orientation](UPRIGHT)[..., 1].astype(">u2" if depth == "I;16B" else "<u2") * 257
    Pillow.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "a.tif", tiffinfo={274: orientation})
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif")[..., 1], UPRIGHT[..., 1])


@pytest.mark.parametrize("orientation", [0, 9, 65535])
@pytest.mark.parametrize("name", ["exif.jpg", "before.png", "lossless.webp"])
def test_a_mark_that_is_none_turns_nothing(name: str, orientation: int, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FORMS[name](UPRIGHT, orientation))
    assert read_image(tmp_path / name).shape == UPRIGHT.shape


BLOCKS = {
    "empty": b"",
    "order alone": b"II",
    "directory outside": b"II*\0\xff\xff\xff\x7f",
    "more tags than there are": exif(6)[:8] + b"\xff\xff" + exif(6)[10:],
    "values far away": b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 274, 3, 99, 0xFFFFFFF0) + bytes(4),
    "text for a number": b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHI", 274, 2, 4) + b"six\0" + bytes(4),
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_a_damaged_block_costs_no_photograph(block: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(saved(UPRIGHT, "WEBP", lossless=True, exif=block or b"\0"))
    assert sorted(read_image(tmp_path / "a.webp").shape) == sorted(UPRIGHT.shape)


def test_heic_is_turned_by_itself(tmp_path: Path) -> None:
    if not is_read(HEIC):
        pytest.skip("pillow-heif is not installed: facekp[heic]")
    pillow_heif = import_module("pillow_heif")

    pillow_heif.register_heif_opener()
    stream = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(TURNED[6](UPRIGHT))).save(stream, "HEIF", exif=exif(6), quality=95)
    (tmp_path / "a.heic").write_bytes(stream.getvalue())
    assert np.abs(read_image(tmp_path / "a.heic").astype(int) - UPRIGHT).mean() < 4


@pytest.mark.parametrize("orientation", TURNED)
def test_places_are_turned_as_pictures_are(orientation: int, tmp_path: Path) -> None:
    path = written(tmp_path / "plain.tif", orientation)
    stored, upright = TURNED[orientation](UPRIGHT), read_image(path)
    places = np.array([[3, 7], [50, 20], [0, 0]], np.float32)
    turned = upright_points(places, read_header(path)).astype(int)
    for (x, y), (to_x, to_y) in zip(places.astype(int), turned, strict=True):
        np.testing.assert_array_equal(stored[y, x], upright[to_y, to_x])


@pytest.mark.parametrize("name", ["xmp_first.jpg", "profile.png", "lossless.webp", "plain.tif"])
def test_faces_lie_where_the_upright_ones_do(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(demo_photo(), "--json") == 0
    (face,) = json.loads(capsys.readouterr().out)["faces"]
    whole = read_image(demo_photo())
    (tmp_path / name).write_bytes(FORMS[name](TURNED[6](whole), 6))
    assert call(tmp_path / name, "--json") == 0
    (turned,) = json.loads(capsys.readouterr().out)["faces"]
    expected, found = (np.array(each["keypoints"]) for each in (face, turned))
    eyes = np.linalg.norm(expected[36] - expected[45])
    assert np.linalg.norm(found - expected, axis=1).mean() / eyes < 0.01


def test_labels_belong_to_the_upright_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is found on the photograph is a label of it, however the photograph is stored."""
    pytest.importorskip("torch")
    assert call(demo_photo(), "--json") == 0
    (face,) = json.loads(capsys.readouterr().out)["faces"]
    for name in ("xmp_first.jpg", "lossless.webp", "profile.png"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_bytes(FORMS[name](TURNED[6](read_image(demo_photo())), 6))
        points_file((folder / name).with_suffix(".pts"), np.array(face["keypoints"]))
        assert command("evaluate", "--model", MODEL, "--data", f"pts:{folder}", "--json") == 0
        assert printed(capsys)["nme"]["inter_ocular"] < 1

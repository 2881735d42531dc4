"""Photographs that are broken, odd or lie: `facekp-detect` on a folder of all, and as training data."""

from __future__ import annotations

import json
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facekp_export.demo import demo_photo
from facekp_train.images import read_image
from tests.support.models.detect_cli import call
from tests.support.models.train_cli import command, printed

TRUE = cv2.imread(str(demo_photo()))[::2, ::2]
"""The demo photo at half its size, BGR."""


def _png_that_states(width: int, height: int) -> bytes:
    """A PNG of few bytes whose header tells of many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(b"0" * 1000)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _encoded(suffix: str, image: np.ndarray = TRUE) -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


def _by_pillow(path: Path, mode: str, **options: int) -> None:
    """What OpenCV cannot write."""
    pillow = pytest.importorskip("PIL.Image", reason="Pillow comes with facekp[train]")
    picture = pillow.fromarray(np.ascontiguousarray(TRUE[..., ::-1]))
    (picture.quantize(256) if mode == "P" else picture.convert(mode)).save(path, **options)


SUFFIXES = (".jpg", ".png", ".bmp", ".webp", ".tiff")
BROKEN = {
    "empty.jpg": b"",
    "text.jpg": b"no picture",
    "header_alone.png": b"\x89PNG\r\n\x1a\n",
    "states_3.6_gigapixels.png": _png_that_states(60_000, 60_000),
    "states_more_than_it_holds.png": _png_that_states(600, 600),
    **{
        f"cut_{suffix[1:]}{suffix}": _encoded(suffix)[: len(_encoded(suffix)) * 9 // 10]
        for suffix in SUFFIXES
    },
}


def _odd_but_good(folder: Path) -> dict[str, int]:
    """Photographs of unusual kinds; by name, the largest difference that any color may have."""
    cv2.imwrite(str(folder / "sixteen_bit.png"), TRUE.astype(np.uint16) * 257)
    cv2.imwrite(str(folder / "sixteen_bit.tiff"), TRUE.astype(np.uint16) * 257)
    cv2.imwrite(str(folder / "see_through.png"), np.dstack([TRUE, np.zeros_like(TRUE[..., 0])]))
    gray = cv2.cvtColor(TRUE, cv2.COLOR_BGR2GRAY)
    cv2.imwrite(str(folder / "gray.png"), gray)
    _by_pillow(folder / "cmyk.tiff", "CMYK")
    _by_pillow(folder / "cmyk.jpg", "CMYK", quality=98)
    _by_pillow(folder / "palette.png", "P")
    return {
        "sixteen_bit.png": 0, "sixteen_bit.tiff": 0, "see_through.png": 0, "gray.png": 255, "cmyk.tiff": 1,
        "cmyk.jpg": 40, "palette.png": 90,
    }  # fmt: skip


def test_odd_kinds_of_photographs_are_read_as_what_they_show(tmp_path: Path) -> None:
    for name, largest in _odd_but_good(tmp_path).items():
        image = read_image(tmp_path / name)
        assert (image.shape, image.dtype) == (TRUE.shape, np.uint8), name
        difference = np.abs(image.astype(int) - TRUE[..., ::-1])
        assert difference.max() <= largest, name
        assert difference.mean() < 25, name


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_photograph_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(BROKEN[name])
    with pytest.raises(OSError, match=name) as caught:
        read_image(tmp_path / name)
    assert "\n" not in str(caught.value)


@settings(max_examples=max(60, int(os.environ.get("FACEKP_FUZZ", "60"))))
@given(data=st.data(), suffix=st.sampled_from(SUFFIXES))
def test_a_photograph_that_is_damaged_anywhere_is_read_or_named(
    data: st.DataObject, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(_encoded(suffix, TRUE[80:160, 80:160]))
    places = data.draw(st.lists(st.integers(0, len(content) - 1), max_size=20))
    for place in places:
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("photo") / f"damaged{suffix}"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        image = read_image(path)
    except OSError as error:
        assert str(path) in str(error)
    else:
        assert (image.ndim, image.shape[2], image.dtype) == (3, 3, np.uint8)


def test_a_folder_of_all_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The good ones give their faces, the broken ones are named, and the command ends well."""
    good = {*_odd_but_good(tmp_path), "one_pixel.png", "line.png"}
    cv2.imwrite(str(tmp_path / "one_pixel.png"), TRUE[:1, :1])
    cv2.imwrite(str(tmp_path / "line.png"), TRUE[100:101])
    for name, content in BROKEN.items():
        (tmp_path / name).write_bytes(content)
    assert call(tmp_path, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    faces = {Path(entry["image"]).name: len(entry["faces"]) for entry in document["images"]}
    assert faces == {name: 0 if name in ("one_pixel.png", "line.png") else 1 for name in good}
    assert {Path(entry["file"]).name for entry in document["skipped"]} == set(BROKEN)


def test_as_training_data_they_are_counted_and_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = _odd_but_good(tmp_path)
    for name, content in BROKEN.items():
        (tmp_path / name).write_bytes(content)
    corners = "\n".join(f"{60 + i} {50 + 2 * i}" for i in range(68))
    for name in {Path(name).stem for name in (*good, *BROKEN)}:
        (tmp_path / f"{name}.pts").write_text(f"version: 1\nn_points: 68\n{{\n{corners}\n}}\n")
    sheet = tmp_path / "out" / "sheet.png"
    assert command("data", f"pts:{tmp_path}", "--json", "--out", sheet) == 0
    document = printed(capsys)
    named = {Path(entry["file"]).name for entry in document["skipped"]}
    assert named >= set(BROKEN)

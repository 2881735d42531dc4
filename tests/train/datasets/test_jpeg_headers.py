"""What a JPEG says before its pixels, as Pillow reads it."""

from __future__ import annotations

import contextlib
import io
import time

import numpy as np
import pytest
from PIL import Image as Pillow

from facekp_train.pictures.jpeg import jpeg_header
from tests.support.pictures.turned_pictures import FORMS

PICTURE = np.zeros((40, 60, 3), np.uint8)


def saved(**options: object) -> bytes:
    stream = io.BytesIO()
    Pillow.fromarray(PICTURE).save(stream, "JPEG", **options)
    return stream.getvalue()


PLAIN = saved()
FILES = {
    "plain": PLAIN,
    "progressive": saved(progressive=True),
    "commented": saved(comment=b"\xff\xda" * 9),
    "profiled": saved(icc_profile=bytes(100_000)),
    "filled": PLAIN[:2] + b"\xff\xff\xff" + PLAIN[2:],
    "thumbnail": saved(exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + PLAIN),
    **{name: form(PICTURE, 6) for name, form in FORMS.items() if name.endswith((".jpg", ".jfif"))},
}


@pytest.mark.parametrize("name", FILES)
def test_as_pillow_reads_it(name: str) -> None:
    expected, found = Pillow.open(io.BytesIO(FILES[name])), jpeg_header(FILES[name])
    assert (found.width, found.height) == expected.size
    # Pillow puts blocks together, of which it then reads the first.
    assert b"".join(found.exif) == expected.info.get("exif", b"").removeprefix(b"Exif\0\0")
    assert found.xmp == expected.info.get("xmp", b"")


def test_an_exif_block_of_several_segments_is_one() -> None:
    half = FORMS["exif.jpg"](PICTURE, 6)
    start = half.index(b"Exif\0\0") - 4
    length = int.from_bytes(half[start + 2 : start + 4], "big")
    block = half[start + 10 : start + 2 + length]
    parts = [b"\xff\xe1" + (len(p) + 8).to_bytes(2, "big") + b"Exif\0\0" + p for p in (block[:9], block[9:])]
    whole = PLAIN[:2] + b"".join(parts) + PLAIN[2:]
    assert jpeg_header(whole).exif == [block] == [Pillow.open(io.BytesIO(whole)).info["exif"][6:]]


@pytest.mark.parametrize("length", range(0, PLAIN.index(b"\xff\xda"), 7))
def test_what_ends_before_its_pixels_is_damaged(length: int) -> None:
    with pytest.raises(ValueError, match="cut short"):
        jpeg_header(PLAIN[:length])


def test_a_stated_size_of_nothing_is_damaged() -> None:
    place = PLAIN.index(b"\xff\xc0")
    with pytest.raises(ValueError, match="not an image"):
        jpeg_header(PLAIN[: place + 5] + bytes(4) + PLAIN[place + 9 :])


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\0", b"\xff\xe0\0\2", b"\xff\xe0\0\0", b"\0"])
def test_megabytes_of_nothing_take_no_time(filling: bytes) -> None:
    """Whether or not pixels follow at last."""
    begun = time.process_time()
    long = PLAIN[:2] + filling * ((1 << 24) // len(filling))
    with contextlib.suppress(ValueError):
        jpeg_header(long + PLAIN[2:])
    with pytest.raises(ValueError, match="cut short"):
        jpeg_header(long)
    assert time.process_time() - begun < 2

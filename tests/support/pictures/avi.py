"""AVI files written by hand, so that their headers may lie."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import cv2
import numpy as np


def avi(
    frames: Sequence[bytes],
    codec: bytes = b"MJPG",
    size: tuple[int, int] = (64, 48),
    *,
    rate: int = 25,
    scale: int = 1,
    count: int | None = None,
    kind: bytes = b"vids",
) -> bytes:
    """An AVI of encoded frames. rate / scale: frames a second; count: of frames as the header tells it."""
    told = len(frames) if count is None else count
    main = struct.pack("<14I", 40_000, 0, 0, 16, told, 0, 1, 0, *size, 0, 0, 0, 0)
    stream = kind + codec + struct.pack("<IHHIIIIIIIIHHHH", *[0] * 4, scale, rate, 0, told, *[0] * 7)
    picture = struct.pack("<IiiHH4sIiiII", 40, *size, 1, 24, codec, *[0] * 5)
    header = _list(b"hdrl", _chunk(b"avih", main), _stream(stream, picture))
    body = b"AVI " + header + _list(b"movi", *(_chunk(b"00dc", frame) for frame in frames))
    return _chunk(b"RIFF", body)


def jpeg(number: int, size: tuple[int, int] = (64, 48)) -> bytes:
    """A picture with a bright bar that moves with its number."""
    return cv2.imencode(".jpg", _picture(number, size))[1].tobytes()


def vp8(number: int, size: tuple[int, int] = (64, 48)) -> bytes:
    """The same as a frame of VP8, as WebP holds one."""
    webp = cv2.imencode(".webp", _picture(number, size), [cv2.IMWRITE_WEBP_QUALITY, 80])[1].tobytes()
    place = webp.index(b"VP8 ")
    return webp[place + 8 : place + 8 + int.from_bytes(webp[place + 4 : place + 8], "little")]


def _picture(number: int, size: tuple[int, int]) -> np.ndarray:
    width, height = size
    picture = np.full((height, width, 3), 40, np.uint8)
    picture[:, number * width // 16 : (number + 1) * width // 16] = 220
    return picture


def _stream(header: bytes, picture: bytes) -> bytes:
    return _list(b"strl", _chunk(b"strh", header), _chunk(b"strf", picture))


def _list(kind: bytes, *chunks: bytes) -> bytes:
    return _chunk(b"LIST", kind + b"".join(chunks))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

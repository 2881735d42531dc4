"""A picture's file decoded and turned upright: the one place where photographs are turned."""

from __future__ import annotations

import mmap
import stat
from importlib import import_module
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facekp_train.pictures import kinds, tiff_tags
from facekp_train.pictures.header import Header, header_of, most_pixels, refuse_size
from facekp_train.pictures.kinds import DAMAGED
from facekp_train.samples import Image

# The largest pixels that are read: four channels of two bytes, unpacked.
_BYTES_A_PIXEL = 8
_FREE_BYTES = 1 << 24
_AS_STORED = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


def read_picture(path: Path) -> Image:
    """Read a photograph, turned upright by its EXIF orientation.

    Args:
        path: a file.

    Returns:
        uint8 [H, W, 3] RGB.

    Raises:
        OSError: in one sentence, for a file that is missing, no plain file, too large, empty, no image
            or of a kind that is not read. NotADirectoryError where the path leads through a file.
    """
    data = _bytes_of(path)
    try:
        if kinds.kind_of(data, path.suffix) is kinds.HEIC and kinds.is_read(kinds.HEIC):
            return _decoded_heic(data)
        header = header_of(data, path.suffix)
        return upright(_decoded(data, header), header.orientation)
    except ValueError as error:
        raise OSError(f"{path}: {error}") from None


def read_header(path: Path) -> Header:
    """What a photograph states of itself: size as stored, orientation.

    Args:
        path: a file.

    Returns:
        Its statements.

    Raises:
        OSError: as of `read_picture`.
    """
    try:
        _check_plain(path)
        # Of a mapped file only what is looked at is read from the disk.
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return header_of(data, path.suffix)
    except ValueError as error:
        raise OSError(f"{path}: {error}") from None


def is_animated(path: Path) -> bool:
    """Whether a photograph's file holds several pictures to be shown in turn, of which the first is read.

    Args:
        path: a file, or what lies in one.

    Returns:
        False for what cannot be read, too.
    """
    try:
        return read_header(path).frames > 1
    except OSError:
        return False


def upright(image: Image, orientation: int) -> Image:
    """Turn and mirror a picture as EXIF says.

    Args:
        image: uint8 [H, W, 3], as stored.
        orientation: EXIF's, 1 to 8.

    Returns:
        uint8, [W, H, 3] for 5 to 8.
    """
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    if orientation in _MIRRORED_ACROSS:
        image = image[:, ::-1]
    if orientation in _MIRRORED_DOWN:
        image = image[::-1]
    return np.ascontiguousarray(image)


def upright_points(points: NDArray[np.float32], header: Header) -> NDArray[np.float32]:
    """Turn places on a picture as stored into places on it upright.

    Args:
        points: [N, 2], pixels from 0, x then y.
        header: the picture's.

    Returns:
        [N, 2] on the upright picture.
    """
    size = np.array([header.width, header.height], np.float32)
    if header.orientation >= 5:
        points, size = points[:, ::-1], size[::-1]
    mirrored = np.array([header.orientation in _MIRRORED_ACROSS, header.orientation in _MIRRORED_DOWN])
    return np.where(mirrored, size - 1 - points, points)


_MIRRORED_ACROSS = (2, 3, 6, 7)
_MIRRORED_DOWN = (3, 4, 7, 8)


def _bytes_of(path: Path) -> bytes:
    """The whole file, if it is one and no larger than the largest picture."""
    try:
        _check_plain(path)
        return path.read_bytes()
    except NotADirectoryError:
        raise
    except OSError as error:
        if error.strerror is None:
            raise
        raise OSError(f"{path}: cannot be read ({error.strerror})") from None


def _check_plain(path: Path) -> None:
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise OSError(f"{path}: {_not_plain(about.st_mode)}")
    if about.st_size > _BYTES_A_PIXEL * most_pixels() + _FREE_BYTES:
        raise OSError(f"{path}: it has {about.st_size:,} bytes, more than any picture that is read")


def _not_plain(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder, not a photograph"
    what = "a pipe" if stat.S_ISFIFO(mode) else "a device or socket"
    return f"{what}, not a file; save the photograph in a file, and name that"


def _decoded(data: bytes, header: Header) -> Image:
    pixels = np.frombuffer(_unturned(data) if header.kind is kinds.TIFF else data, np.uint8)
    try:
        image = cv2.imdecode(pixels, _AS_STORED)
    except cv2.error:
        raise ValueError("states a size that is too large to read") from None
    if image is None:
        raise ValueError(DAMAGED)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _unturned(data: bytes) -> bytes:
    """The TIFF file said to be upright: OpenCV turns it whatever it is told."""
    tag = tiff_tags.tags_of(data).get(tiff_tags.ORIENTATION)
    if tag is None:
        return data
    one = tag.packed(1)
    return data[: tag.place] + one + data[tag.place + len(one) :]


def _decoded_heic(data: bytes) -> Image:
    """What the format itself says of turning counts, not the EXIF beside it; its reader obeys that."""
    pillow_heif = import_module("pillow_heif")  # an extra, which type checkers need not have

    try:
        picture = pillow_heif.open_heif(data)
    except Exception:  # whatever libheif stumbles over
        raise ValueError(DAMAGED) from None
    refuse_size(picture.size[0] * picture.size[1])
    try:
        return np.array(picture.to_pillow().convert("RGB"))
    except Exception:
        raise ValueError(DAMAGED) from None

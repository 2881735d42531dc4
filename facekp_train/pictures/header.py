"""What a picture states of itself before anything is decoded: its kind, its size, how it is to be turned."""

from __future__ import annotations

import io
import re
import warnings
from dataclasses import dataclass
from mmap import mmap
from typing import IO, cast

from PIL import Image as Pillow

from facekp_train.pictures import kinds, tiff_tags
from facekp_train.pictures.jpeg import jpeg_header
from facekp_train.pictures.jpeg_2000 import exif_of_jpeg_2000, xmp_of_jpeg_2000
from facekp_train.pictures.kinds import DAMAGED, Kind
from facekp_train.pictures.png_exif import exif_of_png, xmp_of_png

# What Pillow says of damage would stand in the progress bar; `read_picture` says what counts.
warnings.filterwarnings("ignore", module=r"PIL\.")

_PLUGINS = {
    kinds.PNG: "PNG", kinds.WEBP: "WEBP", kinds.BMP: "BMP", kinds.PNM: "PPM",
    kinds.JPEG_2000: "JPEG2000",
}  # fmt: skip
# What Pillow looks for in the pixels, or not at all.
_BLOCKS = {
    kinds.PNG: (exif_of_png, xmp_of_png),
    kinds.JPEG_2000: (exif_of_jpeg_2000, xmp_of_jpeg_2000),
}
# As the first picture of a TIFF, where cameras have their thumbnail.
_SMALL_COPY = 1
_FLOATS = (3, 6)
# Logarithms of light, which OpenCV writes unasked where it is given floating-point colors.
_LOGARITHMS = (32844, 32845)
# Adobe's own block, where EXIF is silent: Pillow reads it so.
_XMP = re.compile(rb"tiff:Orientation(?:\s*=\s*['\"]|>)\s*([1-8])")

_LONGEST_XMP = 1 << 18

_FLOATING = "it holds floating-point numbers, which say no color; save it with 8 or 16 bits a channel"

MOST_PIXELS = 178_956_970
"""What Pillow reads unasked, too: half a gigabyte of RGB."""


Content = bytes | mmap
"""A whole file."""


@dataclass(frozen=True)
class Header:
    """What a picture states.

    Attributes:
        kind: its format.
        width: in pixels, as the picture is stored.
        height: likewise.
        orientation: EXIF's, 1 to 8; 1 is upright.
        pixels: the most that a decoder would hold of it at once.
        frames: how many pictures it shows in turn, of which the first is read; 1 stands still.
    """

    kind: Kind
    width: int
    height: int
    orientation: int
    pixels: int
    frames: int = 1

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height once it is turned upright."""
        return (self.height, self.width) if self.orientation >= 5 else (self.width, self.height)


def header_of(data: Content, suffix: str = "") -> Header:
    """Read what a picture states of itself.

    Args:
        data: a whole file.
        suffix: of its name.

    Returns:
        Its statements.

    Raises:
        ValueError: in half a sentence, for what is no picture, is damaged, too large or of a kind that
            is not read.
    """
    kind = kinds.kind_of(data[: kinds.LOOKED_AT], suffix)
    if kind is None:
        raise ValueError(DAMAGED)
    if not kind.read:
        raise ValueError(f"it is {kind.name}, which is not read; {kind.remedy}")
    read = {kinds.TIFF: _of_tiff, kinds.JPEG: _of_jpeg}.get(kind)
    header = read(data) if read else _by_pillow(data, kind)
    refuse_size(header.pixels)
    return header


def _by_pillow(data: Content, kind: Kind) -> Header:
    """Opening a file, Pillow reads its header alone."""
    find_exif, find_xmp = _BLOCKS.get(kind, (None, None))
    exif = find_exif(data) if find_exif else []
    try:
        # A map of a file reads and seeks as a stream does, which its type does not say.
        stream = io.BytesIO(data) if isinstance(data, bytes) else cast(IO[bytes], data)
        picture = Pillow.open(stream, formats=[_PLUGINS[kind]])
    except Pillow.DecompressionBombError as error:
        refuse_size(int(re.findall(r"\d+", str(error))[0]))
        raise ValueError(DAMAGED) from None
    # Damage comes as whatever the library stumbles over.
    except Exception:
        raise ValueError(DAMAGED) from None
    if picture.mode == "F":
        raise ValueError(_FLOATING)
    width, height = picture.size
    told = _told(exif or [picture.info.get("exif", b"")])
    xmp = find_xmp(data) if find_xmp and told is None else picture.info.get("xmp", b"")
    orientation = _by_xmp(xmp) if told is None else told
    frames = getattr(picture, "n_frames", 1)
    return Header(kind, width, height, _known(orientation), width * height, frames)


def _of_jpeg(data: Content) -> Header:
    """One with others behind it, as phones write previews and maps of depth, shows one."""
    stated = jpeg_header(data)
    told = _told(stated.exif)
    orientation = _by_xmp(stated.xmp) if told is None else told
    return Header(kinds.JPEG, stated.width, stated.height, _known(orientation), stated.width * stated.height)


def _of_tiff(data: Content) -> Header:
    """Pillow opens no TIFF whose pixels it does not know, such as those of two bytes and four channels."""
    tags = tiff_tags.tags_of(data)
    values = {number: tag.value for number, tag in tags.items()}
    width, height = (values.get(number, 0) for number in (tiff_tags.WIDTH, tiff_tags.HEIGHT))
    if not width or not height:
        raise ValueError(DAMAGED)
    if tiff_tags.DNG_VERSION in tags or values.get(tiff_tags.SUBFILE, 0) & _SMALL_COPY:
        raise ValueError(f"it is {kinds.RAW.name}, which is not read; {kinds.RAW.remedy}")
    logarithms = values.get(tiff_tags.PHOTOMETRIC) in _LOGARITHMS
    if logarithms or values.get(tiff_tags.SAMPLE_FORMAT) in _FLOATS:
        raise ValueError(_FLOATING)
    tile = values.get(tiff_tags.TILE_WIDTH, 0) * values.get(tiff_tags.TILE_HEIGHT, 0)
    told, xmp = tags.get(tiff_tags.ORIENTATION), tags.get(tiff_tags.XMP)
    block = data[xmp.place : xmp.place + _LONGEST_XMP] if xmp else b""
    orientation = told.value if told else _by_xmp(block)
    return Header(kinds.TIFF, width, height, _known(orientation), max(width * height, tile))


def _told(blocks: list[bytes]) -> int | None:
    """What the first of the EXIF blocks says that says anything; an earlier one may be empty."""
    tags = (tiff_tags.tags_of(block.removeprefix(b"Exif\0\0")).get(tiff_tags.ORIENTATION) for block in blocks)
    return next((tag.value for tag in tags if tag), None)


def _by_xmp(block: bytes) -> int:
    turned = _XMP.search(block)
    return int(turned[1]) if turned else 1


def _known(orientation: int) -> int:
    return orientation if 1 <= orientation <= 8 else 1


class _Limit:
    pixels = MOST_PIXELS


def most_pixels() -> int:
    """How many pixels a picture may have in this process."""
    return _Limit.pixels


def allow_pixels(count: int) -> None:
    """Set how many pixels a picture may have in this process; Pillow's own limit goes along."""
    _Limit.pixels = count
    Pillow.MAX_IMAGE_PIXELS = -(-count // 2)


def refuse_size(pixels: int) -> None:
    """Raise ValueError, in half a sentence, where a picture states more pixels than it may have."""
    if pixels > most_pixels():
        raise ValueError(
            f"it states {pixels:,} pixels, and {most_pixels():,} are read at most; make it smaller, or raise "
            "that with facekp-detect --max-pixels"
        )

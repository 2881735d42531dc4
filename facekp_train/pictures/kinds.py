"""Which files are pictures or videos, by their first bytes; by their names only where bytes do not tell."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

VIDEO_SUFFIXES = (
    ".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
    ".wmv", ".flv", ".3gp", ".ogv", ".3g2", ".asf", ".f4v", ".m2v", ".mxf", ".ogm", ".qt", ".rm", ".vob",
    ".y4m", ".h264", ".264", ".h265", ".265", ".hevc", ".ivf", ".mjpeg", ".mjpg", ".m2t", ".dv", ".nut",
    ".m1v", ".mpe", ".divx", ".rmvb", ".insv", ".lrv", ".mod", ".tod",
)  # fmt: skip
"""What counts as a video by its name; OpenCV's FFmpeg reads more formats than it tells."""

DAMAGED = "not an image that can be read, or cut short"
_CONVERT = "save it as JPEG or PNG"


@dataclass(frozen=True)
class Kind:
    """A format.

    Attributes:
        name: as sentences call it.
        read: whether photographs are read from it; HEIC's wait for a library (`is_read`).
        remedy: what to do with a file that is not read.
    """

    name: str
    read: bool = False
    remedy: str = _CONVERT


JPEG, PNG, WEBP = Kind("JPEG", True), Kind("PNG", True), Kind("WebP", True)
TIFF, BMP, PNM = Kind("TIFF", True), Kind("BMP", True), Kind("PNM", True)
JPEG_2000 = Kind("JPEG 2000", True)
HEIC = Kind(
    "HEIC", remedy="install its reader: pip install 'facekp[heic]'; or convert it: heif-convert IN OUT.jpg"
)
AVIF = Kind("AVIF", remedy="convert it: avifdec IN OUT.png")
GIF = Kind("GIF", remedy="convert it, its first picture here: ffmpeg -i IN -frames:v 1 OUT.png")
RAW = Kind("a camera's raw file", remedy="develop it, or use the JPEG that the camera writes beside it")
VIDEO = Kind("a video", remedy="give it to facekp-detect by itself")

_BEGINNINGS = {
    b"\xff\xd8\xff": JPEG,
    b"\x89PNG\r\n\x1a\n": PNG,
    # Canon's, Olympus', Panasonic's, Minolta's, Sigma's.
    **dict.fromkeys((b"II*\0\x10\0\0\0CR", b"II\x1a\0\0\0HEAP", b"IIRO", b"IIRS", b"MMOR"), RAW),
    **dict.fromkeys((b"IIU\0", b"\0MRM", b"FOVb"), RAW),
    **dict.fromkeys((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), TIFF),
    **{f"P{digit}{blank}".encode(): PNM for digit in range(1, 7) for blank in " \t\r\n#"},
    b"\0\0\0\x0cjP  \r\n\x87\n": JPEG_2000,
    b"\xff\x4f\xff\x51": JPEG_2000,
    b"GIF87a": GIF,
    b"GIF89a": GIF,
    b"\xff\x0a": Kind("JPEG XL", remedy="convert it: djxl IN OUT.png"),
    b"\0\0\0\x0cJXL \r\n\x87\n": Kind("JPEG XL", remedy="convert it: djxl IN OUT.png"),
    b"8BPS": Kind("a Photoshop file"),
    b"\x76\x2f\x31\x01": Kind("OpenEXR"),
    b"#?RADIANCE": Kind("Radiance HDR"),
    b"#?RGBE": Kind("Radiance HDR"),
    b"PF\n": Kind("PFM"),
    b"Pf\n": Kind("PFM"),
    b"P7\n": Kind("PAM"),
    b"DDS ": Kind("DDS"),
    b"gimp xcf": Kind("a GIMP file"),
    b"qoif": Kind("QOI"),
    b"BPG\xfb": Kind("BPG"),
    b"II\xbc\x01": Kind("JPEG XR"),
    b"SIMPLE  =": Kind("FITS"),
    b"FLIF": Kind("FLIF"),
    b"icns": Kind("an icon"),
    b"Y\xa6j\x95": Kind("a Sun raster file"),
    b"FUJIFILMCCD-RAW": RAW,
    b"\x1a\x45\xdf\xa3": VIDEO,
    b"FLV\x01": VIDEO,
    b"\x06\x0e\x2b\x34": VIDEO,
    b".RMF": VIDEO,
    b"YUV4MPEG2 ": VIDEO,
    b"OggS": VIDEO,
    b"DKIF": VIDEO,
    b"nut/multimedia": VIDEO,
    # Streams of H.264 and H.265 by themselves, from their parameters or a delimiter on.
    **{b"\0\0\0\1" + unit: VIDEO for unit in (b"\x67", b"\x27", b"\x09", b"\x40\1", b"\x46\1")},
    b"\0\0\x01\xba": VIDEO,
    b"\0\0\x01\xb3": VIDEO,
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": VIDEO,
}
_RIFF = {b"WEBP": WEBP, b"AVI ": VIDEO}
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), HEIC),
    **dict.fromkeys((b"avif", b"avis"), AVIF),
    **dict.fromkeys((b"mif1", b"msf1"), HEIC),  # of which codec, the other brands say
    b"crx ": RAW,
}
_BY_NAME = {
    **dict.fromkeys(
        (
            ".dng",
            ".nef",
            ".cr2",
            ".cr3",
            ".arw",
            ".orf",
            ".rw2",
            ".raf",
            ".pef",
            ".srw",
            ".nrw",
            ".crw",
            ".rwl",
            ".kdc",
            ".dcr",
            ".mrw",
            ".erf",
            ".mef",
            ".mos",
            ".3fr",
            ".fff",
            ".iiq",
            ".x3f",
            ".srf",
            ".sr2",
            ".gpr",
        ),
        RAW,
    ),
    **dict.fromkeys(VIDEO_SUFFIXES, VIDEO),
    ".svg": Kind("SVG"),
    # These have no bytes of their own, or too few.
    ".tga": Kind("TGA"),
    ".pcx": Kind("PCX"),
    ".xbm": Kind("XBM"),
    ".xpm": Kind("XPM"),
    ".wmf": Kind("WMF"),
    ".emf": Kind("EMF"),
    ".cur": Kind("a pointer's picture"),
    ".sgi": Kind("SGI"),
    ".ico": Kind("an icon"),
    **dict.fromkeys((".dcm", ".dicom"), Kind("DICOM")),
    ".eps": Kind("EPS"),
    **dict.fromkeys((".heic", ".heif", ".hif"), HEIC),
    ".avif": AVIF,
    ".gif": GIF,
}
PICTURE_SUFFIXES = (
    ".jpg", ".jpeg", ".jfif", ".jpe", ".png", ".ppm", ".bmp", ".pgm", ".pnm", ".tif", ".tiff", ".webp",
    ".jp2",
)  # fmt: skip
"""What counts as a picture that is read, by its name."""
# Where packets of MPEG-TS, and of Blu-ray's, have their mark, and their length.
_PACKETS = ((0, 188), (4, 192))
_JPEGS = (".mjpeg", ".mjpg")
# Longer than any beginning, than the brands of a file that begins with them, and than packets of MPEG-TS.
LOOKED_AT = 400


def kind_of(start: bytes, suffix: str = "") -> Kind | None:
    """What a file is.

    Args:
        start: its first 400 bytes, or more.
        suffix: of its name, for what has no bytes of its own.

    Returns:
        Its kind; None where it is no picture and no video.
    """
    known = next((kind for begins, kind in _BEGINNINGS.items() if start.startswith(begins)), None)
    if start[4:8] == b"ftyp":
        known = _of_brands(start)
    elif start[:4] == b"RIFF":
        known = _RIFF.get(start[8:12])
    elif start[:2] == b"BM" and start[6:10] == bytes(4):
        known = BMP
    elif any(start[at::length][:3] == b"GGG" for at, length in _PACKETS):
        known = VIDEO
    named = _BY_NAME.get(suffix.lower())
    # The raw files of most cameras are TIFF, and show a thumbnail to whoever reads them as such; motion JPEG
    # begins as its first picture does.
    beyond = (known is TIFF and named is RAW) or (
        known is JPEG and named is VIDEO and suffix.lower() in _JPEGS
    )
    return named if beyond else known or named


def kind_of_file(path: Path) -> Kind | None:
    """What a file is; None where it is no picture, no video, no plain file, or cannot be read."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as stream:
            return kind_of(stream.read(LOOKED_AT), path.suffix)
    except OSError:
        return None


def is_read(kind: Kind) -> bool:
    """Whether photographs of a kind are read here."""
    return kind.read or (kind is HEIC and importlib.util.find_spec("pillow_heif") is not None)


def looks_like_picture(path: Path) -> bool:
    """Whether a file calls itself a picture, or is one or a video: it is to be read, or named."""
    suffix = path.suffix.lower()
    return suffix in PICTURE_SUFFIXES or suffix in _BY_NAME or kind_of_file(path) is not None


def _of_brands(start: bytes) -> Kind:
    """ISO base media files name what they are in four letters each; the exact ones count first."""
    length = min(int.from_bytes(start[:4], "big"), LOOKED_AT)
    brands = [start[8:12], *(start[at : at + 4] for at in range(16, length, 4))]
    found = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    exact = [_BRANDS[brand] for brand in brands if brand in _BRANDS and brand not in (b"mif1", b"msf1")]
    return next(iter(exact + found), VIDEO)

"""The size that a video's own packets state: it may change in the midst, where OpenCV does not follow.

OpenCV 4.11 then gives the last picture of the first size again and again, as if it were the next.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import cv2

from facekp_train.common.files import resolved

Size = tuple[int, int]
"""Width and height in pixels, as they are stored."""

# Milliseconds: two readers round alike, but containers in their own way.
_ROUNDED = 0.5
_HIGH_PROFILES = (44, 83, 86, 100, 110, 118, 122, 128, 138, 139, 134, 135, 244)
_SPS = re.compile(rb"\x00\x00\x01[\x07\x27\x47\x67](.{4,256})", re.DOTALL)


class SizeWatch:
    """Looks through a video's packets, as far as its pictures are read, for one that states another size.

    Args:
        path: the video.
        codec: OpenCV's number of it.
    """

    def __init__(self, path: Path, codec: int) -> None:
        self._codec = codec.to_bytes(4, "little", signed=codec < 0).decode("latin-1").upper()
        self._packets: cv2.VideoCapture | None = None
        if self._codec in _READERS:
            raw = [cv2.CAP_PROP_FORMAT, -1]
            self._packets = cv2.VideoCapture(str(resolved(path)), cv2.CAP_FFMPEG, raw)
        self._ahead = self._packets is not None and self._packets.isOpened()
        self._seen, self._latest = 0, -math.inf
        self._first: Size | None = None
        # Of a packet that states another size: its place, its time, and the size.
        self._other: tuple[int, float, Size] | None = None

    def has_changed(self, place: int, milliseconds: float) -> bool:
        """Whether a picture comes after a change of size.

        Args:
            place: how many were shown before it.
            milliseconds: its time as the container states it.
        """
        # Packets that show nothing make the count lag behind; stamps may be broken.
        while self._ahead and (self._other or self._seen <= place or self._latest < milliseconds):
            assert self._packets is not None
            self._look(self._packets)
        if self._other is None:
            return False
        number, stamp, _ = self._other
        return place >= number or milliseconds > stamp - _ROUNDED

    def close(self) -> None:
        """Let go of the file."""
        if self._packets is not None:
            self._packets.release()

    def _look(self, packets: cv2.VideoCapture) -> None:
        """One packet further, until two that begin anew agree on another size: one alone may be damaged."""
        self._ahead = packets.grab()
        stamp = packets.get(cv2.CAP_PROP_POS_MSEC)
        if self._ahead and packets.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME):
            size = size_of_packet(self._codec, packets.retrieve()[1].tobytes())
            self._first = self._first or size
            if size is not None:
                self._compare(size, stamp)
        self._seen += 1
        self._latest = max(self._latest, stamp)

    def _compare(self, size: Size, stamp: float) -> None:
        if size == self._first:
            self._other = None
        elif self._other is not None and self._other[2] == size:
            self._ahead = False
        else:
            self._other = self._seen, stamp, size


def size_of_packet(codec: str, packet: bytes) -> Size | None:
    """What a packet that begins anew states; None where it, or the codec, says nothing that is known here.

    Args:
        codec: OpenCV's four letters.
        packet: as it is stored, H.264 with start codes.
    """
    read = _READERS.get(codec)
    try:
        return None if read is None else read(packet)
    except (IndexError, ValueError):
        return None


def _jpeg(packet: bytes) -> Size | None:
    at = 2
    while packet[at] == 0xFF:
        if 0xC0 <= packet[at + 1] <= 0xCF and packet[at + 1] not in (0xC4, 0xC8, 0xCC):
            return _big(packet, at + 7), _big(packet, at + 5)
        at += 2 + _big(packet, at + 2)
    return None


def _vp8(packet: bytes) -> Size | None:
    """https://datatracker.ietf.org/doc/html/rfc6386#section-9.1; the two bits above are a player's scale."""
    if packet[3:6] != b"\x9d\x01\x2a" or len(packet) < 10:
        return None
    width, height = (int.from_bytes(packet[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    return width, height


def _vp9(packet: bytes) -> Size | None:
    """The uncompressed header of section 6.2 of the VP9 bitstream specification."""
    bits = _Bits(packet)
    bits.take(2)
    profile = bits.take(1) + 2 * bits.take(1)
    bits.take(1 if profile == 3 else 0)
    if bits.take(2):  # a frame that was shown before, or one that builds on others
        return None
    bits.take(2)
    if bits.take(24) != 0x498342:
        return None
    bits.take(1 if profile >= 2 else 0)
    rgb = bits.take(3) == 7
    if profile in (1, 3):
        bits.take(1 if rgb else 4)
    elif not rgb:
        bits.take(1)
    return bits.take(16) + 1, bits.take(16) + 1


def _mpeg2(packet: bytes) -> Size | None:
    at = packet.find(b"\0\0\1\xb3") + 4
    return (_big(packet, at) >> 4, _big(packet, at + 1) & 0xFFF) if at >= 4 else None


def _h264(packet: bytes) -> Size | None:
    """The sequence parameter set of section 7.3.2.1.1 of ITU-T H.264, without its cropping."""
    found = _SPS.search(packet)
    if found is None:
        return None
    body = found[1].replace(b"\0\0\3", b"\0\0")
    bits = _Bits(body[3:])
    bits.exp_golomb()
    color = 1
    if body[0] in _HIGH_PROFILES:
        color = bits.exp_golomb()
        bits.take(1 if color == 3 else 0)
        bits.exp_golomb()
        bits.exp_golomb()
        bits.take(1)
        if bits.take(1):
            raise ValueError("scaling matrices, which a size stands behind")
    bits.exp_golomb()
    order = bits.exp_golomb()
    if order == 0:
        bits.exp_golomb()
    elif order == 1:
        bits.take(1)
        bits.exp_golomb()
        bits.exp_golomb()
        for _ in range(bits.exp_golomb()):
            bits.exp_golomb()
    bits.exp_golomb()
    bits.take(1)
    width, height = bits.exp_golomb() + 1, bits.exp_golomb() + 1
    return 16 * width, 16 * height * (2 - bits.take(1))


class _Bits:
    """A packet bit by bit."""

    def __init__(self, data: bytes) -> None:
        self._text = "".join(f"{byte:08b}" for byte in data[:256])
        self._at = 0

    def take(self, count: int) -> int:
        """The number that so many bits hold; 0 of none. Raises IndexError at the end."""
        if self._at + count > len(self._text):
            raise IndexError
        self._at += count
        return int(self._text[self._at - count : self._at] or "0", 2)

    def exp_golomb(self) -> int:
        """A whole number of 0 or more, or one that stands for a signed one."""
        zeros = self._text.find("1", self._at) - self._at
        if not 0 <= zeros < 32:
            raise IndexError
        self._at += zeros
        return self.take(zeros + 1) - 1


def _big(packet: bytes, at: int) -> int:
    return packet[at] << 8 | packet[at + 1]


_READERS: dict[str, Callable[[bytes], Size | None]] = {
    "MJPG": _jpeg, "VP80": _vp8, "VP90": _vp9, "H264": _h264, "AVC1": _h264, "MPG2": _mpeg2, "MPEG": _mpeg2,
}  # fmt: skip

"""What a dex file names and holds: https://source.android.com/docs/core/runtime/dex-format."""

from __future__ import annotations

import re
import struct

_NATIVE = re.compile(r"\(in L([\w/$]+);\)\n\s+name +: '(\w+)'\n.*\n\s+access +: 0x\w+ \([A-Z_ ]*\bNATIVE\b")


def types(dex: bytes) -> tuple[set[str], set[str]]:
    """The descriptors that a dex names, and of the classes that it holds."""
    strings, kinds, classes = (struct.unpack_from("<II", dex, at) for at in (56, 64, 96))
    (places,) = (struct.unpack_from(f"<{strings[0]}I", dex, strings[1]),)

    def text(number: int) -> str:
        start = places[number]
        while dex[start] & 0x80:
            start += 1
        return dex[start + 1 : dex.index(b"\0", start + 1)].decode(errors="replace")

    named = [text(number) for number in struct.unpack_from(f"<{kinds[0]}I", dex, kinds[1])]
    own = {named[struct.unpack_from("<I", dex, classes[1] + 32 * i)[0]] for i in range(classes[0])}
    return set(named), own


def natives(dump: str) -> set[tuple[str, str]]:
    """Class and name of the methods that a library has to bring, of what dexdump says."""
    return set(_NATIVE.findall(dump))

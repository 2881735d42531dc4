"""By enjarify, a dex as classes that a JVM runs: DEX JAR. Its one mistake is mended here."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from enjarify import dalvikformats, main  # pyright: ignore[reportMissingImports]

_CONST_WIDE_32 = 0x17
_decode = dalvikformats.decode


def _with_sign(code: Sequence[int], place: int, instruction: int) -> tuple[int, list[int]]:
    """The 32 bits of const-wide/32 have a sign: https://source.android.com/docs/core/runtime/dalvik-bytecode."""
    after, values = _decode(code, place, instruction)
    if instruction == _CONST_WIDE_32:
        values[-1] = dalvikformats.sign(values[-1], 32)
    return after, values


dalvikformats.decode = _with_sign
sys.argv = ["enjarify", "-o", sys.argv[2], sys.argv[1]]
main.main()

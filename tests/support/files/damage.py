"""Damage to a text or to bytes: what a stranger, a broken disk or a cut download makes of a file."""

from __future__ import annotations

import re

from hypothesis import strategies as st

# What a stranger writes in the place of a number.
ODD = (
    "NaN", "-1", "1e400", "9" * 400, "1e308", "null", "[]", "{}", '""', "true", "0x10", "\u0663", "-0.0",
    "9" * 5000, "1,5", "\x00", "1e-320", "[[[[" * 50, "../../secret", "\u202e", "Infinity",
)  # fmt: skip


def damaged(content: str, draw: st.DataObject) -> bytes:
    """One of: numbers replaced, bytes changed, a part cut out, a part doubled."""
    kind = draw.draw(st.sampled_from(["number", "bytes", "cut", "doubled"]))
    if kind == "number":
        numbers = list(re.finditer(r"-?\d+(\.\d+)?", content))
        found = numbers[draw.draw(st.integers(0, len(numbers) - 1))]
        odd = draw.draw(st.sampled_from(ODD))
        return (content[: found.start()] + odd + content[found.end() :]).encode()
    return damaged_bytes(content.encode(), draw, kind)


def damaged_bytes(content: bytes, draw: st.DataObject, kind: str | None = None) -> bytes:
    """The same of what is no text, without numbers."""
    kind = kind or draw.draw(st.sampled_from(["bytes", "cut", "doubled"]))
    raw = bytearray(content)
    start, end = sorted(draw.draw(st.tuples(*[st.integers(0, len(raw))] * 2)))
    if kind == "bytes":
        for place in draw.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=8)):
            raw[place] = draw.draw(st.integers(0, 255))
        return bytes(raw)
    return bytes(raw[:start] + raw[end:]) if kind == "cut" else bytes(raw[:end] + raw[start:])

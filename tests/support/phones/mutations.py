"""Damage to what a phone or a document says: bytes that are lost or exchanged, numbers that cannot be."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any

from tests.support.models.hostile_models import damaged

NUMBERS = (
    "-1",
    "0",
    "1e308",
    "-1e308",
    "1e-320",
    "9" * 400,
    "-" + "9" * 30,
    "9" * 5000,
    "NaN",
    "Infinity",
    "0x10",
    "1.2.3",
    "",
)
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**63, 10**400, 1e308, -1e308, 5e-324, float("nan"), float("inf"), "", "x" * 5000,
    "\x1b[2J<b>|", "\ud800", [], {}, [[]], [None], ["a"] * 3, {"a": 1},
)  # fmt: skip


def texts(text: str, count: int, seed: int = 0) -> Iterator[str]:
    """So many damaged copies of a text, the same in every run."""
    chance = random.Random(seed)
    for _ in range(count):
        if chance.random() < 0.5 and (numbers := list(re.finditer(r"\d+(?:\.\d+)?", text))):
            number = chance.choice(numbers)
            yield text[: number.start()] + chance.choice(NUMBERS) + text[number.end() :]
        else:
            yield damaged(text.encode(), chance)[1].decode("utf-8", "replace")


def documents(text: str, count: int, seed: int = 0) -> Iterator[str]:
    """So many damaged copies of a JSON text: half of them still JSON, with a value that cannot be."""
    chance = random.Random(seed)
    broken = texts(text, count, seed + 1)
    for _ in range(count):
        if chance.random() < 0.3:
            yield next(broken)
            continue
        content = json.loads(text)
        for _ in range(chance.choice((1, 1, 3))):
            holder, key = chance.choice(list(_places(content)))
            act = chance.random()
            if act < 0.15:
                del holder[key]
            elif act < 0.25 and isinstance(holder, dict):
                holder[chance.choice(("extra", "\x1b[31m", ""))] = holder[key]
            else:
                holder[key] = chance.choice(VALUES)
            if not list(_places(content)):
                break
        yield json.dumps(content)


def spoiled_once(text: str, seed: int) -> str:
    """One damaged copy of what a phone printed; a line of JSON in it is damaged as a document."""
    line = re.search(r"^\{.*\}$", text, re.MULTILINE)
    if line is None or random.Random(seed).random() < 0.2:
        return next(texts(text, 1, seed))
    return text[: line.start()] + next(documents(line[0], 1, seed)) + text[line.end() :]


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) of a JSON value."""
    keys = (
        list(content)
        if isinstance(content, dict)
        else range(len(content))
        if isinstance(content, list)
        else ()
    )
    for key in keys:
        yield content, key
        yield from _places(content[key])

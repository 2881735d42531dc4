"""Small pieces of Markdown."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from facekp_train.common.markdown import markdown_table

_WIDTH = 120


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are taken as Markdown, but for `|` and line ends."""
    lines = [[" ".join(cell.replace("|", "\\|").split()) for cell in row] for row in (header, *rows)]
    return markdown_table(lines[0], lines[1:]) + "\n"


def code(text: str) -> str:
    """As code within a line."""
    return f"`{text}`"


def fenced(text: str, language: str) -> str:
    """As a block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def value(thing: Any) -> str:
    """A default as a user types it, in code; nothing for None and what is empty."""
    if isinstance(thing, Enum):
        thing = thing.value
    if thing is None or thing in ([], (), {}):
        return ""
    if isinstance(thing, Path):
        return code(str(thing))
    return code(thing if isinstance(thing, str) else json.dumps(thing))


def paragraphs(text: str) -> str:
    """The page with its prose wrapped; tables, headings, lists and code stay as they are."""
    done: list[str] = []
    inside = False
    for line in text.rstrip().split("\n"):
        if line.startswith("```"):
            inside = not inside
        if inside or len(line) <= _WIDTH or line.lstrip().startswith(("|", "#", "```")):
            done.append(line.rstrip())
            continue
        lead = " " * (len(line) - len(line.lstrip()) + (2 if line.lstrip().startswith("- ") else 0))
        wrapped = textwrap.wrap(
            line, _WIDTH, subsequent_indent=lead, break_long_words=False, break_on_hyphens=False
        )
        done.extend(wrapped)
    return "\n".join(done) + "\n"

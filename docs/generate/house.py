"""docs/reference/rooms.md and house.svg: every room of the house and what lives there."""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path

from docs.generate.markdown import code, table

_ROOT = Path(__file__).parents[2]
_FLOORS = {
    "android_bench": "how fast and how large, here and on phones: facekp-bench",
    "facekp_export": "a checkpoint to verified files, and detection with them: facekp-export, facekp-detect",
    "facekp_train": "photographs to checkpoints: facekp-train",
}
"""From the top down; each uses only what lies below it."""
_BOX_WIDTH, _BOX_HEIGHT, _COLUMNS, _GAP, _HEAD = 172, 30, 5, 8, 34


def rooms_page() -> str:
    """The page: a table for each floor."""
    parts = [
        "# Rooms\n",
        "Every package of code and what lives there, in its own words. A floor uses only the floors below "
        "it, and no import runs in a circle: `tests/test_house.py`. How a value travels through them: "
        "[architecture](../architecture.md).\n",
    ]
    for floor, purpose in _FLOORS.items():
        rows = [(code(name), words) for name, words in _rooms(floor).items()]
        parts += [f"## {floor}\n", f"{purpose[0].upper()}{purpose[1:]}.\n", table(("room", "holds"), rows)]
    return "\n".join(parts)


def house_svg() -> str:
    """The picture: a band for each floor, a box for each room, files of the floor's own beside."""
    bands, y = [], _GAP
    for floor, purpose in _FLOORS.items():
        names = [name.partition("/")[2] for name in _rooms(floor) if name.count("/") == 1]
        boxes = [(f"{name}/", False) for name in names] + [(name, True) for name in _own_files(floor)]
        lines = -(-len(boxes) // _COLUMNS)
        height = _HEAD + lines * (_BOX_HEIGHT + _GAP) + _GAP
        bands.append(_band(floor, purpose, boxes, y, height))
        y += height + _GAP
    width = _COLUMNS * (_BOX_WIDTH + _GAP) + 3 * _GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" '
        f'viewBox="0 0 {width} {y}" font-family="sans-serif" font-size="13">\n'
        f'<rect width="{width}" height="{y}" fill="#ffffff"/>\n{"".join(bands)}</svg>\n'
    )


def _band(floor: str, purpose: str, boxes: list[tuple[str, bool]], y: int, height: int) -> str:
    width = _COLUMNS * (_BOX_WIDTH + _GAP) + _GAP
    drawn = [
        f'<rect x="{_GAP}" y="{y}" width="{width}" height="{height}" rx="6" '
        'fill="#eef3f8" stroke="#5b7a99"/>\n'
        f'<text x="{2 * _GAP}" y="{y + 22}" fill="#1d2b3a"><tspan font-weight="bold">{floor}</tspan>'
        f"  {escape(purpose)}</text>\n"
    ]
    for place, (name, is_file) in enumerate(boxes):
        x = 2 * _GAP + place % _COLUMNS * (_BOX_WIDTH + _GAP)
        top = y + _HEAD + place // _COLUMNS * (_BOX_HEIGHT + _GAP)
        fill = "#ffffff" if is_file else "#cfe0f1"
        drawn.append(
            f'<rect x="{x}" y="{top}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="4" fill="{fill}" '
            f'stroke="#9db4ca"/>\n<text x="{x + 10}" y="{top + 20}" fill="#1d2b3a">{escape(name)}</text>\n'
        )
    return "".join(drawn)


def _rooms(floor: str) -> dict[str, str]:
    """Each package below a floor by its path, and its docstring."""
    made = {}
    for file in sorted((_ROOT / floor).rglob("__init__.py")):
        words = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
        made[str(file.parent.relative_to(_ROOT))] = words
    return made


def _own_files(floor: str) -> list[str]:
    """The modules in a floor's own folder: what a user imports or runs."""
    return sorted(file.name for file in (_ROOT / floor).glob("*.py") if not file.name.startswith("_"))

"""The documentation as the tests see it: its pages, their prose, links and blocks of code."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.places import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md"), *ROOT.glob("models/*/README.md")]
)
_MADE = ("report.md", "claims.md")
WRITTEN = [page for page in PAGES if page.name not in _MADE and page.parent.name != "reference"]
"""Pages by hand: neither the reference nor what `facekp-train study` wrote."""
QUICKSTART = DOCS / "quickstart.ipynb"
RECIPES = DOCS / "recipes"

BRITISH = re.compile(
    r"\b\w*(colour|centre|behaviour|neighbour|labell|normalis|quantis|optimis|equalis|minimis|recognis|licence)\w*"
    r"|\bdistil(s|)\b|\bgrey\b",
    re.IGNORECASE,
)
"""Spellings that the field does not use."""

# In the order of the navigation: the blocks of a page may go on from those of the one before.
SERIES = ("get-started", "train", "evaluate", "compress", "export", "bench", "compare", "phones", "detect")
GUIDES = [DOCS / "guides" / f"{name}.md" for name in SERIES]


@dataclass(frozen=True)
class Block:
    """A fenced block: `mark` is the comment in the line above it, such as `run`."""

    page: Path
    line: int
    language: str
    mark: str
    text: str

    def __str__(self) -> str:
        return f"{named(self.page)}:{self.line}"


def named(page: Path) -> str:
    """The page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """The page's fenced blocks, in order."""
    found, lines, start = [], page.read_text(encoding="utf-8").splitlines(), -1
    for number, line in enumerate(lines):
        if line.startswith("```") and start < 0:
            start = number
        elif line.startswith("```"):
            above = re.fullmatch(r"<!-- (\w+) -->", lines[start - 1]) if start else None
            text = "\n".join(lines[start + 1 : number])
            found.append(Block(page, start + 1, lines[start][3:], above[1] if above else "", text))
            start = -1
    return found


def handed_out() -> list[Block]:
    """Commands outside pages: the quickstart's cells, the recipes' scripts and what they say of their use."""
    found = []
    for number, cell in enumerate(json.loads(QUICKSTART.read_text(encoding="utf-8"))["cells"]):
        head, _, text = "".join(cell["source"]).partition("\n")
        if head == "%%bash":
            found.append(Block(QUICKSTART, number, "bash", "", text))
    for path in sorted(path for path in RECIPES.iterdir() if path.suffix in (".yaml", ".sh")):
        lines = path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        commands = [text for line in lines if (text := line.lstrip("# ")).startswith("facekp-")]
        found.append(Block(path, 1, "bash", "", "\n".join(commands)))
    return found


def prose(page: Path) -> list[tuple[int, str]]:
    """Numbered lines outside fenced blocks."""
    lines, inside = [], False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            lines.append((number, line))
    return lines


def links(page: Path) -> list[str]:
    """Targets of the page's links and pictures; code holds none."""
    text = re.sub(r"`[^`]*`", "", "\n".join(line for _, line in prose(page)))
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text)


def anchors(page: Path) -> set[str]:
    """What `#...` may name on a page, as GitHub and the site make it from headings."""
    headings = [line.lstrip("#").strip() for _, line in prose(page) if re.match(r"#+ ", line)]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code_in(page: Path) -> list[str]:
    """Code within the lines of the page's prose."""
    text = "\n".join(line for _, line in prose(page))
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]

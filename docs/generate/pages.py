"""Which pages the reference has, and which of the committed ones are stale."""

from __future__ import annotations

from pathlib import Path

from docs.generate.commands import commands_page
from docs.generate.files import files_page
from docs.generate.house import house_svg, rooms_page
from docs.generate.licenses import licenses_page
from docs.generate.markdown import paragraphs
from docs.generate.messages import messages_page
from docs.generate.pipeline import pipeline_page
from docs.generate.python_api import python_page
from docs.generate.schemas import schema_files, schemas_page

FOLDER = Path(__file__).parents[1] / "reference"

_INDEX = """# Reference

Written from the code by `make reference`; a test fails while a page is stale.

| page | holds |
| --- | --- |
| [Commands](commands.md) | every command, option and default |
| [Pipeline and recipe keys](pipeline.md) | what the YAML files of `facekp-train` hold; the named recipes |
| [JSON schemas](schemas.md) | records of measurements, the export's manifest, the checkpoint's header |
| [File formats](files.md) | every exported file, and what travels inside it |
| [Rooms](rooms.md) | every package of code and what lives there |
| [Python API](python.md) | public calls, their shapes and errors |
| [Messages](messages.md) | every error, warning and help text |
| [Licenses](licenses.md) | licenses of all that ships: code, nets, weights, bundles, the app |
"""


def pages() -> dict[str, str]:
    """Every file of docs/reference/, by its path there."""
    made = {
        "README.md": _INDEX,
        "commands.md": commands_page(),
        "pipeline.md": pipeline_page(),
        "schemas.md": schemas_page(),
        "files.md": files_page(),
        "python.md": python_page(),
        "rooms.md": rooms_page(),
        "messages.md": messages_page(),
        "licenses.md": licenses_page(),
    }
    return (
        {name: paragraphs(text) for name, text in made.items()} | schema_files() | {"house.svg": house_svg()}
    )


def stale() -> list[str]:
    """Paths in docs/reference/ that are missing, differ from what the code gives, or are nobody's."""
    made = pages()
    there = {
        str(path.relative_to(FOLDER)): path.read_text(encoding="utf-8")
        for path in FOLDER.rglob("*")
        if path.is_file()
    }
    return sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))

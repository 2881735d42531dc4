"""docs/reference/python.md: public calls with their signatures and docstrings."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, TypeGuard

from docs.generate.markdown import code, fenced, table

MODULES = (
    "facekp_export.detector",
    "facekp_export.tracking",
    "facekp_export.export",
    "facekp_train.landmarks",
    "facekp_train.schemes",
    "facekp_train.crop",
)
_TYPES = ("facekp_train.landmarks", "facekp_train.samples")
_SECTIONS = ("Args", "Attributes", "Returns", "Yields", "Raises", "Source", "Example", "Note")
_LISTED = ("Args", "Attributes", "Raises")
_SECTION = re.compile(rf"^({'|'.join(_SECTIONS)}):\s*(.*)$")
_ITEM = re.compile(r"^(\*{0,2}\w[\w., *]*?)(?: \([^)]*\))?: (.*)$")


def python_page() -> str:
    """The page."""
    parts = [
        "# Python API\n",
        "What programs may build on; other modules may move. Coordinates are pixels that count from 0, "
        "and an integer is a pixel's center.\n",
    ]
    parts += ["Types in signatures:\n", _aliases()]
    for name in MODULES:
        module = importlib.import_module(name)
        parts.append(f"## {name}\n")
        parts.append(documented(inspect.getdoc(module) or ""))
        for public, thing in _public(module):
            parts.append(f"### {name.rsplit('.', 1)[1]}.{public}\n")
            parts.append(_class(public, thing) if isinstance(thing, type) else _call(public, thing))
    return "\n".join(parts)


def _aliases() -> str:
    """Names of types that signatures use, with what stands below each of them."""
    rows = []
    for name in _TYPES:
        body = ast.parse(inspect.getsource(importlib.import_module(name))).body
        for node, below in itertools.pairwise(body):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Subscript):
                continue
            text = ast.literal_eval(below.value) if _is_text(below) else ""
            rows.append([code(ast.unparse(node.targets[0])), code(ast.unparse(node.value)), text])
    return table(["name", "is", "holds"], rows)


def _is_text(node: ast.stmt) -> TypeGuard[ast.Expr]:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Classes and functions that the module itself defines, in its order."""
    for name, thing in vars(module).items():
        own = getattr(thing, "__module__", None) == module.__name__
        if own and not name.startswith("_") and (inspect.isclass(thing) or inspect.isfunction(thing)):
            yield name, thing


def _class(name: str, kind: type) -> str:
    parts = [_call(name, kind)]
    for member, thing in vars(kind).items():
        if member.startswith("_"):
            continue
        if isinstance(thing, property):
            parts.append(f"**`{member}`**: {_inline(inspect.getdoc(thing) or '')}\n")
        elif isinstance(thing, (classmethod, staticmethod)) or inspect.isfunction(thing):
            function = getattr(kind, member)
            parts.append(f"#### {name}.{member}\n")
            parts.append(_call(f"{name}.{member}", function))
    return "\n".join(parts)


def _call(name: str, thing: Callable[..., Any]) -> str:
    return fenced(_signature(name, thing), "python") + "\n" + documented(inspect.getdoc(thing) or "")


def _signature(name: str, thing: Callable[..., Any]) -> str:
    """As it is written; one parameter a line where the line were long."""
    signature = inspect.signature(thing)
    kept = [p for p in signature.parameters.values() if p.name != "self"]
    result = signature.return_annotation
    arrow = f" -> {_annotation(result)}" if result not in (inspect.Signature.empty, None, "None") else ""
    words = []
    star = False
    for parameter in kept:
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not star:
            words.append("*")
            star = True
        words.append(_parameter(parameter))
    line = f"{name}({', '.join(words)}){arrow}"
    if len(line) <= 100:
        return line
    return f"{name}(\n" + "".join(f"    {word},\n" for word in words) + f"){arrow}"


def _parameter(parameter: inspect.Parameter) -> str:
    text = parameter.name
    if parameter.annotation is not inspect.Parameter.empty:
        text += f": {_annotation(parameter.annotation)}"
    if parameter.default is not inspect.Parameter.empty:
        default = parameter.default
        text += f" = {'...' if repr(default).startswith('<') else repr(default)}"
    return text


def _annotation(annotation: Any) -> str:
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))


def _inline(text: str) -> str:
    return " ".join(text.split())


def documented(docstring: str) -> str:
    """A docstring as Markdown: paragraphs, examples as code, and its sections under bold names."""
    parts: list[str] = []
    example: list[str] = []
    for block in docstring.split("\n\n"):
        lines = block.split("\n")
        if all(line.startswith("    ") for line in lines):
            example.append(block)
            continue
        if example:
            parts.append(_example(example))
            example = []
        parts.append(_section(lines) or _inline(block))
    if example:
        parts.append(_example(example))
    return "\n\n".join(part for part in parts if part) + "\n"


def _example(blocks: list[str]) -> str:
    return fenced(inspect.cleandoc("\n" + "\n\n".join(blocks)), "python").rstrip()


def _section(lines: list[str]) -> str:
    """A list for Args, Attributes and Raises, a sentence for the other sections; nothing for prose."""
    heading = _SECTION.match(lines[0])
    if heading is None:
        return ""
    name, rest = heading[1], heading[2]
    if name in _LISTED:
        return f"**{name}**\n\n" + "\n".join(f"- {item}" for item in _items(lines[1:]))
    return f"**{name}**: {_inline(' '.join([rest, *lines[1:]]))}"


def _items(lines: list[str]) -> list[str]:
    """The entries of a section, each with its continuation lines; a name before a colon becomes code."""
    if not lines:
        return []
    indent = len(lines[0]) - len(lines[0].lstrip())
    items: list[str] = []
    for line in lines:
        if len(line) - len(line.lstrip()) > indent and items:
            items[-1] += " " + line.strip()
        else:
            items.append(line.strip())
    return [_ITEM.sub(r"`\1`: \2", item) for item in items]

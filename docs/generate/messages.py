"""docs/reference/messages.md: every sentence for users, read from the code without running it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from docs.generate.markdown import fenced

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("facekp_train", "facekp_export", "android_bench")
_REGISTERS = ("command", "callback")
# Words, one after the other: neither a pattern nor a row of names.
_SENTENCE = re.compile(r"\w[\w',:;)}]* \S*\w\S* \S*\w")
# Patterns, and commands for a shell or a database.
_CODE = re.compile(r"\\[bdwsSW.(]|\(\?|\[\^|\.\*|\$[({]|\|\||/dev/null|^SELECT |grep ")


def messages_page() -> str:
    """The page."""
    parts = [
        "# Messages\n",
        "What users read: errors, warnings, help, and the other texts that the code prints or makes "
        "sentences of, by file. Keys and fields are described on the other pages. "
        "`{...}` stands for a value.\n",
    ]
    for name, found in messages().items():
        lines = "\n".join(f"{kind}: {text}" for kind, text in found)
        parts += [f"## {name}\n", fenced(lines, "text")]
    return "\n".join(parts)


def messages() -> dict[str, list[tuple[str, str]]]:
    """(kind, text) of every sentence by file; kinds are error, help, text, warning."""
    trees = {
        path.relative_to(_ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for package in _PACKAGES
        for path in sorted((_ROOT / package).rglob("*.py"))
    }
    help_names = {name for tree in trees.values() for name in _named_as_help(tree)}
    made = {
        name: sorted(set(_texts(tree, "text", help_names if "/commands/" in name else set())))
        for name, tree in trees.items()
    }
    return {name: found for name, found in made.items() if found}


def _named_as_help(tree: ast.AST) -> Iterator[str]:
    """Functions registered as commands, whose docstring is help, and constants given as `help=`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Call(func=ast.Attribute(attr=attribute)), args=[ast.Name(id=name)]):
                if attribute in _REGISTERS:
                    yield name
            case ast.keyword(arg="help", value=ast.Name(id=name)):
                yield name
            case _:
                pass


def _texts(node: ast.AST, kind: str, help_names: set[str]) -> Iterator[tuple[str, str]]:
    """The sentences below a node, joined where the code joins them."""
    match node:
        case ast.FunctionDef(name=name) if name in help_names and ast.get_docstring(node):
            yield "help", " ".join((ast.get_docstring(node) or "").split())
        case (
            ast.Expr(value=ast.Constant())
            | ast.Compare()
            | ast.Call(func=ast.Attribute(value=ast.Name("re")))
        ):
            return  # docstrings, and what is looked for in another program's words
        case ast.keyword(arg="description"):
            return  # of a key or field: the pages on the pipeline and the schemas have it
        case ast.Assign(targets=[ast.Name(id=name)]) if name in help_names:
            kind = "help"
        case ast.Raise():
            kind = "error"
        case ast.keyword(arg="help"):
            kind = "help"
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            kind = {"warn": "warning"}.get(name, "error" if name.endswith("Error") else kind)
        case ast.Constant() | ast.JoinedStr() | ast.BinOp():
            text = _joined(node)
            if text is not None:
                text = " ".join(text.split())
                if _SENTENCE.search(text) and not _CODE.search(text):
                    yield kind, text
                return
        case _:
            pass
    for child in ast.iter_child_nodes(node):
        yield from _texts(child, kind, help_names)


def _joined(node: ast.AST) -> str | None:
    """A text with `{...}` for its values; None for what is no text."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_joined(value) or "{...}" for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            sides = _joined(left), _joined(right)
            return None if sides == (None, None) else "".join(side or "{...}" for side in sides)
        case _:
            return None

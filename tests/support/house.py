"""The rules of the house, told from the code itself: who imports whom, how large rooms are.

A room is a folder of code; a file that lies in a floor's own folder is a room of its own. Imports
inside functions and under TYPE_CHECKING count like any other.
"""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

FLOORS = ("facekp_train", "facekp_export", "android_bench", "benchmarks")
"""From the lowest up: each uses only those before it."""
MOST_FILES, MOST_LINES, MOST_CLI_LINES = 16, 300, 60
UPPER_FLOORS = "facekp_train.pipeline.upper_floors"
"""The one module that starts programs of the floors above its own."""
ALONE = {
    "facekp_train.pruning": ("facekp_train.training", "facekp_train.pipeline"),
    "facekp_train.training": ("facekp_train.pipeline", "facekp_train.studies"),
}
"""Rooms, and those that they must not see, directly or through others."""

Graph = Mapping[str, set[str]]


def modules(root: Path) -> dict[str, Path]:
    """Every module of the floors by its dotted name."""
    return {
        str(file.relative_to(root))[:-3].replace("/", ".").removesuffix(".__init__"): file
        for floor in FLOORS
        for file in sorted((root / floor).rglob("*.py"))
    }


@cache
def imports(root: Path) -> Graph:
    """Each module and the modules of the house that it imports, wherever in it."""
    known = modules(root)
    graph: dict[str, set[str]] = {name: set() for name in known}
    for name, file in known.items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            graph[name] |= {target for target in _targets(node, known) if target != name}
    return graph


def _targets(node: ast.AST, known: Mapping[str, Path]) -> Iterable[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in known)
    elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in FLOORS:
        for alias in node.names:
            inner = f"{node.module}.{alias.name}"
            yield inner if inner in known else node.module


def circles(graph: Graph) -> list[str]:
    """One circle of the graph in words, or none."""
    try:
        tuple(TopologicalSorter({name: sorted(graph[name]) for name in sorted(graph)}).static_order())
    except CycleError as error:
        return [" -> ".join(reversed(error.args[1]))]
    return []


def rooms(root: Path) -> dict[str, set[str]]:
    """Each room and the rooms that it imports from."""
    known, graph = modules(root), defaultdict(set)
    for name, targets in imports(root).items():
        here = _room(name, known)
        graph[here] |= {_room(target, known) for target in targets} - {here}
    return dict(graph)


def _room(name: str, known: Mapping[str, Path]) -> str:
    if known[name].name == "__init__.py":
        return name
    package = name.rpartition(".")[0]
    return name if package in FLOORS else package


def upward_imports(root: Path) -> list[str]:
    """Imports from a floor to one above it, and to the programs above that a string names."""
    found = [
        f"{name} imports {target}"
        for name, targets in imports(root).items()
        for target in sorted(targets)
        if _floor(target) > _floor(name)
    ]
    for name, file in modules(root).items():
        above = FLOORS[_floor(name) + 1 :]
        if name != UPPER_FLOORS and above:
            pattern = re.compile(rf"\b(?:{'|'.join(above)})(?:\.\w+)+|^(?:{'|'.join(above)})$")
            tree = ast.parse(file.read_text(encoding="utf-8"))
            found += [f"{name} names {text}" for text in _strings(tree) if pattern.search(text)]
    return found


def _floor(name: str) -> int:
    return FLOORS.index(name.split(".", maxsplit=1)[0])


def _strings(tree: ast.AST) -> Iterable[str]:
    """The texts of a program that are no docstrings."""
    spoken = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    }  # docstrings, of attributes too
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in spoken:
            yield node.value


def seen_from(graph: Graph, start: str) -> set[str]:
    """All rooms that `start` reaches, by whatever way."""
    reached, ahead = set(), [start]
    while ahead:
        for target in graph.get(ahead.pop(), ()):
            if target not in reached:
                reached.add(target)
                ahead.append(target)
    return reached


def forbidden_sights(root: Path) -> list[str]:
    """Rooms of ALONE that reach what they must not."""
    graph = rooms(root)
    return [
        f"{room} reaches {target}"
        for room, others in ALONE.items()
        for target in sorted(seen_from(graph, room))
        if any(target == other or target.startswith(other + ".") for other in others)
    ]


def commands_used_below(root: Path) -> list[str]:
    """Imports of commands by what is neither a command nor the entry that registers them."""
    entries = ("cli", "detect", "__main__")
    return [
        f"{name} imports {target}"
        for name, targets in imports(root).items()
        for target in sorted(targets)
        if ".commands" in target and ".commands" not in name and name.rpartition(".")[2] not in entries
    ]


def too_large(root: Path) -> list[str]:
    """Folders of too many files, files of too many lines, entries that do more than register."""
    files = modules(root)
    folders = Counter(file.parent for file in files.values())
    found = [f"{folder}: {n} files" for folder, n in folders.items() if n > MOST_FILES]
    for name, file in files.items():
        lines = len(file.read_text(encoding="utf-8").splitlines())
        most = MOST_CLI_LINES if file.name == "cli.py" else MOST_LINES
        if lines > most:
            found.append(f"{name}: {lines} lines")
    return found


def silent_packages(root: Path) -> list[str]:
    """Packages that do not say in one line what lives there."""
    found = []
    for name, file in modules(root).items():
        if file.name == "__init__.py":
            words = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
            if not words or len(words.splitlines()) > 1:
                found.append(name)
    return found


def tests_that_import_tests(root: Path) -> list[str]:
    """Test files that take something out of another test file."""
    found = []
    for file in sorted((root / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            found += [
                f"{file.name} imports {name}" for name in names if re.search(r"(^|\.)(test_|conftest)", name)
            ]
    return found

"""What an ONNX file says of itself and of the files of its weights, and the refusal of those elsewhere.

Such files are listed inside the ONNX file's protobuf, of which the few fields on the way to them are
walked here: neither the package onnx nor the weights are needed. onnxruntime opens whatever is
listed, so that a stranger's model could print any file of its user as numbers.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath

from facekp_export.inference.protobuf import fields
from facekp_train.common.files import resolved

# onnx.proto: by message, which of its fields hold a message on the way to a tensor.
_INSIDE = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_ENTRIES, _METADATA = 13, 14
DAMAGED = "(damaged, cut short, or not an ONNX file); copy or export it again"


def refuse_foreign_weights(path: Path) -> None:
    """Nothing where all weights lie in the file or beside it.

    Raises:
        OSError: for a file that cannot be read.
        ValueError: without the path, where weights lie outside the model's folder (an absolute path, `..`,
            a link that leads out), in what is no file, or where the file cannot be understood.
    """
    for location in sorted(external_locations(path)):
        if not _inside(path, location):
            raise ValueError(
                f"its weights lie outside the model's folder, in {location[:200]!r}, which no model needs; "
                "do not use it, or export it again with its weights inside"
            )


def external_locations(path: Path) -> set[str]:
    """Every place of weights that an ONNX file names, as it names it.

    Raises OSError for a file that cannot be read, ValueError, without the path, for a damaged one.
    """
    with _walked(path) as model:
        return set(_locations(model))


@contextmanager
def _walked(path: Path) -> Iterator[memoryview]:
    """The file's content; what goes wrong on the way through it is damage."""
    if not path.stat().st_size:
        raise ValueError(f"onnxruntime cannot open it {DAMAGED}")
    try:
        with path.open("rb") as stream:
            yield memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    except ValueError:
        raise ValueError(f"onnxruntime cannot open it {DAMAGED}") from None


def stated_metadata(path: Path) -> dict[str, str]:
    """What an ONNX file says of itself by key, without an engine.

    Raises OSError for a file that cannot be read, ValueError, without the path, for a damaged one.
    """
    found: dict[str, str] = {}
    with _walked(path) as model:
        for number, entry in fields(model):
            if number == _METADATA and isinstance(entry, memoryview):
                key, text = _pair(entry)
                found[key] = text
    return found


def _inside(path: Path, location: str) -> bool:
    """Whether the place lies in the model's folder.

    Where the model itself is a link, as in caches of models, what lies beside the file that it leads to
    does too. A file that is missing is the engine's to name.
    """
    windows = PureWindowsPath(location)
    if location.startswith(("/", "*")) or windows.anchor or ".." in re.split(r"[/\\]", location):
        return False  # "*/_ORT_MEM_ADDR_/*" is the process's own memory to onnxruntime
    try:
        file = resolved(path.parent / location)
        folders = resolved(path.parent), resolved(path).parent
        return any(map(file.is_relative_to, folders)) and (file.is_file() or not file.exists())
    except (OSError, ValueError):
        return False


def _locations(model: memoryview) -> Iterator[str]:
    """Every `location` of external data. Raises ValueError where the file is damaged."""
    waiting = [("model", model)]
    while waiting:
        message, data = waiting.pop()
        if message == "tensor":
            yield from _location(data)
            continue
        for number, value in fields(data):
            inner = _INSIDE[message].get(number)
            if inner and isinstance(value, memoryview):
                waiting.append((inner, value))


def _location(tensor: memoryview) -> Iterator[str]:
    # Whether the tensor says that it is external does not matter: a second piece of it may.
    for number, entry in fields(tensor):
        if number == _ENTRIES and isinstance(entry, memoryview):
            key, text = _pair(entry)
            if key == "location":
                yield text


def _pair(entry: memoryview) -> tuple[str, str]:
    """A key and its text."""
    texts = {n: bytes(v).decode() for n, v in fields(entry) if isinstance(v, memoryview)}
    return texts.get(1, ""), texts.get(2, "")

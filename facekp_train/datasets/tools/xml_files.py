"""XML of annotation tools, read whole."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from facekp_train.datasets.reading.notes import DataError
from facekp_train.datasets.reading.rows import read_text

_FLAGS = {"0": False, "1": True, "false": False, "true": True, "no": False, "yes": True}


def read_xml(file: Path, root: str, what: str) -> ET.Element:
    """The outermost element.

    Args:
        file: to read.
        root: its name.
        what: the file should be, for the sentence.

    Raises:
        DataError: for what is no XML of that name, or defines entities, which such files have no use for.
    """
    text = read_text(file)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DataError(f"{file} is not {what}: it defines a document type of its own")
    try:
        # Whatever encoding the file states: the text is decoded already.
        element = ET.fromstring(text.encode(), ET.XMLParser(encoding="utf-8"))
    except (ET.ParseError, ValueError) as error:
        raise DataError(f"{file} is not {what}: {error}") from None
    if element.tag != root:
        raise DataError(f"{file} is not {what}: it holds <{element.tag[:40]}>, not <{root}>")
    return element


def begins_with(file: Path, root: str) -> bool:
    """Whether a file is XML with that outermost element, by its first elements alone."""
    try:
        for _, element in ET.iterparse(file, events=("start",)):
            return element.tag == root
    except (ET.ParseError, OSError, ValueError, LookupError):
        pass
    return False


def number(element: ET.Element, key: str, default: float | None = None) -> float:
    """An attribute as a number; `default` where it is missing. Raises ValueError in words."""
    text = element.get(key)
    if text is None and default is not None:
        return default
    if text is None:
        raise ValueError(f"its <{element.tag}> has no '{key}'")
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"its '{key}' is not a number: '{text[:40]}'") from None


def flag(element: ET.Element, key: str) -> bool:
    """An attribute that says yes or no, and no where it is missing. Raises ValueError in words."""
    text = element.get(key, "0").strip().lower()
    if text not in _FLAGS:
        raise ValueError(f"its '{key}' is '{text[:40]}', not 0 or 1")
    return _FLAGS[text]

"""YAML that a user wrote, or a stranger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from facekp_train.common.console import require


def utf8_text(file: Path) -> str:
    """The text of a file that a user wrote, without its byte order mark.

    Raises:
        OSError: where it cannot be read.
        ValueError: in one sentence, for what is no UTF-8.
    """
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text; save it as UTF-8") from None


def read_yaml(file: Path) -> Any:
    """The document in a file. Raises as `utf8_text` and `parse_yaml` do."""
    return parse_yaml(utf8_text(file))


def parse_yaml(text: str) -> Any:
    """The document in a text; names of Python objects in it are refused.

    Raises:
        ValueError: in one sentence, for what is no YAML.
        UserError: where PyYAML, of the extra `train`, is not installed.
    """
    require("train", "yaml")
    import yaml

    try:
        return yaml.safe_load(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    # Its constructors meet odd values with whatever they stumble over: `!!bool abc`, a 13th month.
    except Exception as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        reason = getattr(error, "problem", None) or f"{type(error).__name__}: {error}"
        raise ValueError(f"{' '.join(str(reason).split())}{where}") from None

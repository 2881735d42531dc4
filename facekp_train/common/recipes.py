"""Recipes and pipelines before they are checked: files, options, assignments. Loads no PyTorch."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from facekp_train.common.console import UserError
from facekp_train.common.files import package_file
from facekp_train.common.yaml_text import parse_yaml, read_yaml, utf8_text

_PRESETS = package_file("facekp_train.training", "presets")

PRESETS = tuple(sorted(file.stem for file in _PRESETS.glob("*.yaml")))
"""Recipes by name: files to be read and copied."""
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


def preset(name: str) -> dict[str, Any]:
    """The settings of one of `PRESETS`, as its file says them."""
    return _read(_PRESETS / f"{name}.yaml")


def recipe_settings(base: str, settings: dict[str, Any], assignments: list[str]) -> dict[str, Any]:
    """The settings of a named recipe or a YAML file, with options and `key=value` assignments on top.

    Args:
        base: a name of `PRESETS`, or a file.
        settings: those whose value is None or empty are left to the recipe.
        assignments: may be nested (`augmentation.rotation=30`).

    Raises:
        UserError: for a recipe that there is not, and an assignment that is none.
    """
    data = _named_or_file(base)
    data.update({key: value for key, value in settings.items() if value not in (None, [])})
    return assigned(data, assignments)


def assigned(data: dict[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """Settings with `key=value` of YAML put in, `a.b=value` within a's own. Raises UserError for others."""
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise UserError(f"--set takes key=value, not '{assignment}'")
        target = data
        *parents, last = key.strip().split(".")
        for parent in parents:
            target = target.setdefault(parent, {})
            if not isinstance(target, dict):
                raise UserError(f"--set {assignment}: '{parent}' has no settings of its own")
        # YAML 1.1 reads 1e-3 as a word; pydantic turns it into a number.
        try:
            target[last] = parse_yaml(value)
        except ValueError as error:
            raise UserError(f"--set {assignment}: the value is not YAML ({error})") from None
    return data


def _named_or_file(base: str) -> dict[str, Any]:
    if base in PRESETS:
        return preset(base)
    if not Path(base).is_file():
        raise UserError(
            f"no recipe is called '{base}' and no such file exists; there are {', '.join(PRESETS)}"
        )
    return _read(Path(base))


def _read(path: Path) -> dict[str, Any]:
    try:
        data = read_yaml(path)
    except ValueError as error:
        raise UserError(f"{path} is not YAML ({error})") from None
    if not isinstance(data, dict):
        raise UserError(f"{path} is not a recipe: it holds no 'key: value' lines")
    return data


def read_pipeline(path: Path) -> dict[str, Any]:
    """What a pipeline's YAML file says; $NAME in it is taken from the environment.

    Raises:
        UserError: where it is missing, or no YAML of keys and values.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; docs/guides/compress.md shows what it holds")
    try:
        data = parse_yaml(_expanded(utf8_text(path), path))
    except ValueError as error:
        raise UserError(f"{path} is not YAML ({error})") from None
    if not isinstance(data, dict):
        raise UserError(f"{path} is not a pipeline for a run: it holds no 'key: value' lines")
    return data


def _expanded(text: str, path: Path) -> str:
    def value(match: re.Match[str]) -> str:
        try:
            return os.environ[match[1]]
        except KeyError:
            raise UserError(
                f"{path} reads ${match[1]}, which is not set; for example: export {match[1]}=/data"
            ) from None

    return "\n".join(
        line if line.lstrip().startswith("#") else _VARIABLE.sub(value, line) for line in text.splitlines()
    )

"""Values on a command line read without pydantic, which newer typers load for each, even for one not given.

Loading it takes longer than OpenCV, for commands that have no other use for it. Words, numbers and paths
that leave no doubt are read here; all else typer reads, or refuses in its own words.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args, get_origin

_WHOLE = re.compile(r"-?[0-9]{1,9}", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
# What typer does to a value beyond reading it, and what it takes for doing nothing.
_NOTHING_MORE = {
    "parser": None, "clamp": False, "exists": False, "file_okay": True, "dir_okay": True, "readable": True,
    "writable": False, "resolve_path": False, "allow_dash": False, "path_type": None,
}  # fmt: skip


class _NotPlainError(Exception):
    """Typer is to read the value."""


def read_plainly(params: Iterable[Any]) -> None:
    """Have the parameters of a command read plain values here; of older typers, which load nothing, none.

    params: typer's; once they read here, they stay as they are.
    """
    for param in params:
        # Names of typer's own that a later one may not have: it reads the values then.
        typers, described = (getattr(param, name, None) for name in ("get_runtime_param", "type_descriptor"))
        if typers is not None and described is not None and not isinstance(typers, _PlainFirst):
            param.get_runtime_param = _PlainFirst(described, typers)


class _PlainFirst:
    """In the place of a parameter's `get_runtime_param`: called, it is what reads the parameter's values."""

    def __init__(self, described: Any, typers: Any) -> None:
        self._kind, self._info, self._typers = described.annotation, described.parameter_info, typers
        self._is_plain = all(
            getattr(self._info, name, usual) == usual for name, usual in _NOTHING_MORE.items()
        )

    def __call__(self) -> _PlainFirst:
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value of the parameter's type. Raises typer's BadParameter, as typer does."""
        try:
            return self._read(value, several=param.multiple or param.nargs == -1)
        except _NotPlainError:
            return self._typers().coerce(value, param=param, ctx=ctx)

    def _read(self, value: Any, several: bool) -> Any:
        if value is None:
            return () if several else None
        if not self._is_plain:
            raise _NotPlainError
        if get_origin(self._kind) is not list:
            return self._one(value, self._kind)
        if not isinstance(value, (list, tuple)):
            raise _NotPlainError
        (kind,) = get_args(self._kind)
        return [self._one(each, kind) for each in value]

    def _one(self, value: Any, kind: Any) -> Any:
        if kind is int or kind is float:
            return self._within(_number(value, kind))
        if kind is str and isinstance(value, str):
            return value
        if kind is Path and isinstance(value, (str, Path)):
            return _path(Path(value))
        raise _NotPlainError

    def _within(self, number: float) -> float:
        low, high = self._info.min, self._info.max
        if (low is not None and number < low) or (high is not None and number > high):
            raise _NotPlainError
        return number


def _number(value: Any, kind: type[float]) -> float:
    """A default is a number already."""
    written = _WHOLE if kind is int else _DECIMAL
    if type(value) is kind or (isinstance(value, str) and written.fullmatch(value)):
        return kind(value)
    raise _NotPlainError


def _path(path: Path) -> Path:
    """What is there must be readable, as typer wants it."""
    # Not Path.exists, which raises where a folder on the way is closed.
    if os.path.exists(path) and not os.access(path, os.R_OK):  # noqa: PTH110
        raise _NotPlainError
    return path

"""What a landmark scheme is: its points by name, how they mirror, what divides errors, what is drawn.

A scheme travels as plain data inside every checkpoint and model file, so that a file is enough for
detection, drawing and evaluation, whether this version knows its scheme or not. Imports neither torch
nor tensorflow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# A normaliser is a distance between two points, each the mean of some keypoints.
Ends = tuple[tuple[int, ...], tuple[int, ...]]
Groups = tuple[tuple[int, ...], ...]

FEWEST_POINTS, MOST_POINTS = 2, 1000
_LONGEST_NAME = 64
_MOST_NORMALIZERS = 16
_MOST_LINE_POINTS = 10_000
# Distances that every scheme has, since they hang on no keypoint.
_RESERVED = ("box", "face_box")
_IDENTIFIER = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{_LONGEST_NAME - 1}}}")
_KEYS = ("name", "names", "flip", "normalisers", "lines", "five", "box_source")


@dataclass(frozen=True)
class Scheme:
    """One way to mark up a face with N keypoints, counted from 0.

    Attributes:
        name: letters, digits, '.', '_' and '-'.
        names: of the N points, all different.
        flip: `flip[i]` is the keypoint that takes place i in the mirrored image.
        normalisers: name -> the keypoints at its two ends, the primary one first. `box` and `face_box`
            (the root of a box's area) hang on no keypoint and are not listed.
        box_source: whose box the one around all keypoints is (`facekp_train.boxes`); `tight` where crops
            are cut around it.
        lines: what is drawn, each a run of keypoints; a closed contour ends where it began.
        five: the keypoints whose means are left eye, right eye, nose tip and mouth corners; None where
            none are.

    Raises:
        ValueError: these contradict each other or are out of range.
    """

    name: str
    names: tuple[str, ...]
    flip: tuple[int, ...]
    normalisers: dict[str, Ends]
    box_source: str = "tight"
    lines: Groups = ()
    five: Groups | None = None

    def __post_init__(self) -> None:
        for name in (self.name, self.box_source, *self.normalisers):
            if not _IDENTIFIER.fullmatch(name):
                raise ValueError(
                    f"a scheme's {name[:40]!r} is not 1 to {_LONGEST_NAME} letters, digits, '.', '_' or '-'"
                )
        self._check_names()
        if sorted(self.flip) != list(range(self.points)) or any(
            self.flip[j] != i for i, j in enumerate(self.flip)
        ):
            raise ValueError(
                f"the flip order of scheme '{self.name}' is not one of its {self.points} points in which two "
                "change places or one stays"
            )
        self._check_groups()

    def _check_names(self) -> None:
        if not FEWEST_POINTS <= self.points <= MOST_POINTS:
            raise ValueError(
                f"scheme '{self.name}' has {self.points} points; {FEWEST_POINTS} to {MOST_POINTS} are allowed"
            )
        if len(set(self.names)) < self.points:
            raise ValueError(f"two points of scheme '{self.name}' share a name")
        if not all(0 < len(name) <= _LONGEST_NAME and name.isprintable() for name in self.names):
            raise ValueError(
                f"a point of scheme '{self.name}' has no name of 1 to {_LONGEST_NAME} printable characters"
            )

    def _check_groups(self) -> None:
        if len(self.normalisers) > _MOST_NORMALIZERS or not set(self.normalisers).isdisjoint(_RESERVED):
            raise ValueError(
                f"scheme '{self.name}' has over {_MOST_NORMALIZERS} normalizers, or one that is called "
                f"{' or '.join(_RESERVED)}, which every scheme has"
            )
        for normaliser, ends in self.normalisers.items():
            self._check_within(f"normalizer '{normaliser}'", ends, wanted=2)
            if set(ends[0]) == set(ends[1]):
                raise ValueError(f"normalizer '{normaliser}' of scheme '{self.name}' has no length")
        if sum(map(len, self.lines)) > _MOST_LINE_POINTS:
            raise ValueError(f"the lines of scheme '{self.name}' are too many to draw")
        self._check_within("lines", self.lines)
        if any(len(line) < 2 for line in self.lines):
            raise ValueError(f"a line of scheme '{self.name}' has a single point")
        if self.five is not None:
            self._check_within("map to five points", self.five, wanted=5)

    def _check_within(self, what: str, groups: Groups, wanted: int | None = None) -> None:
        """Raise ValueError unless there are as many groups as wanted, none empty, of this scheme's points."""
        known = all(group and all(0 <= i < self.points for i in group) for group in groups)
        if not known or (wanted is not None and len(groups) != wanted):
            raise ValueError(f"the {what} of scheme '{self.name}' names points that it does not have")

    def is_like(self, other: Scheme) -> bool:
        """Whether both mean the same keypoints, however errors are divided and lines are drawn."""
        return (self.name, self.names, self.flip) == (other.name, other.names, other.flip)

    @property
    def points(self) -> int:
        """The number N of keypoints."""
        return len(self.names)

    @property
    def primary(self) -> str:
        """What failure rate, AUC and the tables divide by.

        The first of `normalisers`, inter-ocular where there is one; `box` where there are none.
        """
        return next(iter(self.normalisers), "box")

    def as_dict(self) -> dict[str, Any]:
        """Plain data for a checkpoint's header and a model file's metadata."""
        return {
            "name": self.name,
            "names": list(self.names),
            "flip": list(self.flip),
            "normalisers": {name: _lists(ends) for name, ends in self.normalisers.items()},
            "lines": _lists(self.lines),
            "five": None if self.five is None else _lists(self.five),
            "box_source": self.box_source,
        }

    @classmethod
    def from_dict(cls, data: object) -> Scheme:
        """The scheme that a file carries.

        Args:
            data: plain data as `as_dict` gives it.

        Returns:
            The scheme.

        Raises:
            ValueError: in one sentence, for a malformed one.
        """
        if not isinstance(data, dict) or set(data) != set(_KEYS):
            raise ValueError(f"a scheme consists of {', '.join(_KEYS)}")
        if not isinstance(data["normalisers"], dict):
            raise ValueError("a scheme's 'normalisers' must be a table by name")
        normalisers = {name: _groups(ends) for name, ends in data["normalisers"].items()}
        if any(len(ends) != 2 for ends in normalisers.values()):
            raise ValueError("a scheme's normalizer does not have two ends")
        return cls(
            name=_text(data["name"]),
            names=tuple(map(_text, _list(data["names"]))),
            flip=_indices(data["flip"]),
            normalisers={_text(name): (ends[0], ends[1]) for name, ends in normalisers.items()},
            box_source=_text(data["box_source"]),
            lines=_groups(data["lines"]),
            five=None if data["five"] is None else _groups(data["five"]),
        )


def _lists(groups: Iterable[Iterable[int]]) -> list[list[int]]:
    return [list(group) for group in groups]


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"a scheme must hold a list in place of {str(value)[:40]!r}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a scheme must hold a name in place of {str(value)[:40]!r}")
    return value


def _indices(value: object) -> tuple[int, ...]:
    numbers = tuple(_list(value))
    if not all(type(number) is int for number in numbers):
        raise ValueError("a scheme's points are whole numbers, counted from 0")
    return numbers


def _groups(value: object) -> Groups:
    return tuple(map(_indices, _list(value)))

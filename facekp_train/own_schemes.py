"""Landmark schemes of one's own, from YAML files.

    name: nose12
    points: [bridge_top, bridge_middle, tip, left_nostril, right_nostril, ...]
    pairs: [[left_nostril, right_nostril], ...]          # or told from the names; [] where none has a pair
    normalizers: {width: [left_nostril, right_nostril]}  # an end is a point or a list of points
    lines: [[bridge_top, bridge_middle, tip]]
    five: {left_eye: ..., right_eye: ..., nose_tip: ..., left_mouth_corner: ..., right_mouth_corner: ...}

Only `name` and `points` are needed; errors are then percent of the box around the keypoints, of two of their
distance. `points` may be a number; points are then called by their places, from 0,
which they may be everywhere. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from facekp_train.common.files import parse_json
from facekp_train.common.yaml_text import read_yaml
from facekp_train.landmarks import known_schemes
from facekp_train.metadata import LONGEST
from facekp_train.schemes import FEWEST_POINTS, MOST_POINTS, Ends, Scheme

_FIVE = ("left_eye", "right_eye", "nose_tip", "left_mouth_corner", "right_mouth_corner")
_KEYS = ("name", "points", "pairs", "normalizers", "lines", "five")
_OTHER_SIDE = {"left": "right", "right": "left", "l": "r", "r": "l"}


def scheme_given(given: str) -> Scheme:
    """The scheme that a user's word means.

    Args:
        given: a YAML file, or the name of a scheme that is built in; an existing file wins.

    Raises:
        ValueError: in one sentence, for a word that is neither, and for a file that describes no scheme.
    """
    path = Path(given)
    if path.is_file():
        return read_scheme(path)
    if given not in (known := known_schemes()):
        raise ValueError(
            f"{given}: no such file, and no scheme of that name; write a file (docs/guides/keypoints.md), or "
            f"choose from {', '.join(known)}"
        )
    return known[given]


def read_scheme(path: Path) -> Scheme:
    """The scheme that a YAML file describes.

    Raises:
        OSError: where it cannot be read.
        ValueError: in one sentence that names the file and what is wrong.
    """
    try:
        return scheme_from(read_yaml(path))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def scheme_from(data: Any) -> Scheme:
    """The scheme in a document of such a file.

    Raises:
        ValueError: in one sentence.
    """
    if isinstance(data, dict) and (unknown := sorted(map(str, set(data) - set(_KEYS)))):
        near = get_close_matches(unknown[0], _KEYS, 1)
        meant = f" ('{near[0]}' may be meant)" if near else ""
        raise ValueError(f"a scheme has no key '{unknown[0]}'{meant}, only {', '.join(_KEYS)}")
    if not isinstance(data, dict) or not {"name", "points"} <= set(data):
        raise ValueError(f"a scheme has at least a name and points, of the keys {', '.join(_KEYS)}")
    names = _names(data["points"])
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"two points of scheme '{data['name']}' share a name: '{twice[:40]}'")
    places = {name: place for place, name in enumerate(names)}

    def place(point: Any) -> int:
        if str(point) in places:
            return places[str(point)]
        if type(point) is int and 0 <= point < len(names):
            return point
        raise ValueError(f"there is no point '{str(point)[:40]}' among the {len(names)} points")

    def group(points: Any) -> tuple[int, ...]:
        return tuple(map(place, points if isinstance(points, list) else [points]))

    pairs, five = data.get("pairs"), data.get("five")
    told = _told_pairs(names) if pairs is None else [group(pair) for pair in _list(pairs, "pairs")]
    return Scheme(
        name=str(data["name"]),
        names=names,
        flip=_flip(names, told),
        normalisers=_span_of_two(names)
        | {
            str(name): _two(name, [group(end) for end in _list(ends, "a normalizer")])
            for name, ends in _table(data.get("normalizers"), "normalizers").items()
        },
        lines=tuple(group(line) for line in _list(data.get("lines"), "lines")),
        five=None if five is None else tuple(map(group, _five(five))),
    )


def _names(points: Any) -> tuple[str, ...]:
    if type(points) is int:
        if not FEWEST_POINTS <= points <= MOST_POINTS:
            raise ValueError(f"a scheme has {FEWEST_POINTS} to {MOST_POINTS} points, not {points}")
        return tuple(map(str, range(points)))
    return tuple(map(str, _list(points, "points", "a list of names, or how many there are")))


def _list(value: Any, what: str, wanted: str = "a list") -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{what} must be {wanted}, not '{str(value)[:40]}'")
    return value


def _table(value: Any, what: str) -> dict[Any, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be a table by name, not '{str(value)[:40]}'")
    return value


def _span_of_two(names: Sequence[str]) -> dict[str, Ends]:
    """Two points lie on a line, and the box around them has no size to divide by."""
    return {"span": ((0,), (1,))} if len(names) == 2 else {}


def _two(name: Any, ends: Sequence[tuple[int, ...]]) -> Ends:
    if len(ends) != 2:
        raise ValueError(f"normalizer '{name}' lies between two ends, each a point or a list of points")
    return ends[0], ends[1]


def _five(five: Any) -> list[Any]:
    """The groups in their order; a list states them in it."""
    if isinstance(five, dict) and set(five) == set(_FIVE):
        return [five[name] for name in _FIVE]
    if isinstance(five, list) and len(five) == len(_FIVE):
        return five
    raise ValueError(f"five has the keys {', '.join(_FIVE)}")


def _flip(names: Sequence[str], pairs: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    order = list(range(len(names)))
    for pair in pairs:
        if len(pair) != 2 or any(order[place] != place for place in pair) or pair[0] == pair[1]:
            told = ", ".join(names[place] for place in pair)
            raise ValueError(f"[{told}] is no pair of two points that stand in no other pair")
        order[pair[0]], order[pair[1]] = pair[1], pair[0]
    return tuple(order)


def _told_pairs(names: Sequence[str]) -> list[tuple[int, ...]]:
    """Pairs by names that differ in their side alone. Raises ValueError where names do not tell."""
    words = [tuple(_words(name)) for name in names]
    places = {each: place for place, each in enumerate(words)}
    pairs, sided = [], 0
    for place, each in enumerate(words):
        other = tuple(_OTHER_SIDE.get(word, word) for word in each)
        if other == each:
            continue
        sided += 1
        if other not in places:
            raise ValueError(
                f"point '{names[place]}' names a side and has no pair by its name; give all pairs"
            )
        if place < places[other]:
            pairs.append((place, places[other]))
    if not sided:
        raise ValueError(
            "no point's name says left or right; give pairs, the points that change places in the mirror "
            "image ('pairs: []' where none does)"
        )
    return pairs


def _words(name: str) -> list[str]:
    """`leftEye_2` -> left, eye, 2."""
    return re.findall(r"[^\W\d_]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())


def told_scheme(names: Sequence[str], pairs: Sequence[tuple[int, int]] | None = None) -> Scheme:
    """The scheme that keypoints' names tell, where no other has as many: called `own` and their number.

    Args:
        names: of the keypoints.
        pairs: places of those that change places in the mirror image; None for what the names say.

    Raises:
        ValueError: in one sentence, for names that do not say which are left and right.
    """
    stated = {} if pairs is None else {"pairs": list(map(list, pairs))}
    return scheme_from({"name": f"own{len(names)}", "points": list(names), **stated})


def scheme_in_checkpoint(path: Path) -> Scheme | None:
    """The scheme that a checkpoint carries, read without PyTorch.

    Returns:
        None for a file that has none, or is no checkpoint: who loads it says so.
    """
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = parse_json(stream.read(min(length, 4 * LONGEST)).decode())
        return Scheme.from_dict(parse_json(header["__metadata__"]["facekp"])["scheme"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def recipe_scheme(value: object) -> dict[str, Any]:
    """What a recipe's key `scheme` holds, as plain data that needs no file any more.

    Args:
        value: a file, a name, or a scheme's plain data.

    Raises:
        ValueError: in one sentence.
    """
    scheme = scheme_given(value) if isinstance(value, str) else Scheme.from_dict(value)
    return scheme.as_dict()

"""Which keypoint is which, by the names that a COCO category gives them.

Exporters write them in any order: alphabetical, nose first, as they were drawn. Names that only count
(`point_3`, `3`) say no more than the order; others have to be a face's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from facekp_train.landmarks import scheme_of

Order = tuple[int, ...]
"""The place in the file of each keypoint of the scheme."""

_SIDES = {"left": "left", "l": "left", "right": "right", "r": "right"}
_PARTS = {
    "eye": {"eye", "eyes", "pupil", "pupils", "iris", "eyecenter", "eyecentre"},
    "brow": {"brow", "brows", "eyebrow", "eyebrows"},
    "nose": {"nose", "nostril", "nostrils", "nosetip"},
    "mouth": {"mouth", "lip", "lips", "mouthcorner", "lipcorner"},
    "jaw": {"jaw", "jawline", "chin", "contour", "cheek"},
    "ear": {"ear", "ears"},
}
_PART_OF = {word: part for part, words in _PARTS.items() for word in words}
# Words that move no point of the five; an `outer` or `upper` would.
_PLAIN = {
    "corner",
    "corners",
    "center",
    "centre",
    "tip",
    "point",
    "the",
    "of",
    "face",
    "landmark",
    "keypoint",
}
_FIVE = [("left", "eye"), ("right", "eye"), ("", "nose"), ("left", "mouth"), ("right", "mouth")]
_MOST_OF_FIVE = 6
"""Names up to which five points may be meant, one of them by two names."""
_QUOTED = 12


class Names:
    """The names of a file's categories, asked for once a category."""

    def __init__(self, categories: Any) -> None:
        known = (
            [each for each in categories if isinstance(each, dict)] if isinstance(categories, list) else []
        )
        self._names = {str(each.get("id")): _as_list(each.get("keypoints")) for each in known}
        self._orders: dict[tuple[str, int], Order | ValueError | None] = {}
        self.used: dict[str, str] = {}
        """The names in the file's order of each category whose keypoints were put in order."""

    def only(self) -> list[str]:
        """Those of the only category; none where there are several, or names alone count."""
        lists = [each for each in self._names.values() if isinstance(each, list)]
        names = [str(name) for name in lists[0]] if len(lists) == 1 else []
        return names if names and all(names) and not _counted(names) else []

    def order(self, annotation: dict[str, Any], points: int) -> Order | None:
        """As `order_of` of an annotation's category, which is the only one where there is one."""
        one = next(iter(self._names)) if len(self._names) == 1 else ""
        category = one or str(annotation.get("category_id", ""))
        if self._names and category not in self._names:
            raise ValueError(
                f"its category_id is {category[:40] or 'missing'}, which no category of the file has"
            )
        if (category, points) not in self._orders:
            try:
                self._orders[category, points] = order_of(self._names.get(category), points)
            except ValueError as error:
                self._orders[category, points] = error
        order = self._orders[category, points]
        if isinstance(order, ValueError):
            raise order
        if order is not None:
            self.used[category] = _listed(self._names[category] or ())
        return order


def _as_list(names: Any) -> Any:
    """Some programs write one text with commas, or an object by number."""
    if isinstance(names, str):
        return [name.strip() for name in names.split(",")]
    return list(names.values()) if isinstance(names, dict) else names


def order_of(names: Any, points: int) -> Order | None:
    """Where each keypoint stands in the file; None where names say nothing, or the order is right already.

    Args:
        names: the category's `keypoints`.
        points: how many keypoints its faces have.

    Raises:
        ValueError: names that are not those of a face of so many keypoints, with those that were seen.
    """
    if not isinstance(names, list) or not any(names):
        return None
    if len(names) != points:
        raise ValueError(f"its category names {len(names)} keypoints and it has {points}{_seen(names)}")
    texts = [str(name).strip() for name in names]
    scheme = scheme_of(points)
    order = _same(texts, scheme.names) or _counted(texts) or (_five(texts) if points == 5 else None)
    if order is None:
        _check_parts(texts, scheme.names)
    return None if order == tuple(range(points)) else order


def _same(texts: Sequence[str], known: Sequence[str]) -> Order | None:
    """The scheme's own names, in whatever order and spelling."""
    if sorted(texts) == sorted(known):
        return tuple(map(texts.index, known))
    plain = ["_".join(_words(text)) for text in texts]
    wanted = ["_".join(_words(name)) for name in known]
    return tuple(map(plain.index, wanted)) if sorted(plain) == sorted(wanted) else None


def _counted(texts: Sequence[str]) -> Order | None:
    """One stem and each number once: `10` before `2` is an order by letters."""
    found = [re.fullmatch(r"(.*?)(\d+)\D*", text) for text in texts]
    if not all(found) or len({each[1] for each in found if each}) > 1:
        return None
    numbers = [int(each[2]) for each in found if each]
    first = min(numbers)
    if sorted(numbers) != list(range(first, first + len(numbers))):
        return None
    return tuple(map(numbers.index, range(first, first + len(numbers))))


def _five(texts: Sequence[str]) -> Order | None:
    parts = [_side_and_part(_words(text)) for text in texts]
    return tuple(map(parts.index, _FIVE)) if sorted(map(str, parts)) == sorted(map(str, _FIVE)) else None


def _side_and_part(words: Sequence[str]) -> tuple[str, str] | None:
    """Such as (left, eye); None where a word is unknown, or two sides or parts are named."""
    sides = {_SIDES[word] for word in words if word in _SIDES}
    parts = {_PART_OF[word] for word in words if word in _PART_OF}
    rest = [word for word in words if word not in _SIDES and word not in _PART_OF and word not in _PLAIN]
    if rest or len(parts) != 1 or len(sides) > 1:
        return None
    return (next(iter(sides), ""), next(iter(parts)))


def _words(text: str) -> list[str]:
    """`LeftEye`, `left-eye`, `leye_3`: letters and numbers apart, in small letters, a side split off."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    words = []
    for word in re.findall(r"[^\W\d_]+|\d+", spaced.lower()):
        split = re.fullmatch(r"(left|right|l|r)(.+)", word)
        if word not in _PART_OF and split and split[2] in _PART_OF:
            words += [split[1], split[2]]
        else:
            words.append(word)
    return words


def _part(text: str) -> str | None:
    """Brows before eyes: an `eye_brow` is a brow."""
    found = [_PART_OF[word] for word in _words(text) if word in _PART_OF]
    return "brow" if "brow" in found else next(iter(found), None)


def _check_parts(texts: Sequence[str], known: Sequence[str]) -> None:
    """Other names may describe the scheme's points, in its order: part by part they have to agree."""
    named = [_part(text) for text in texts]
    told = sum(part is not None for part in named)
    if len(texts) == 5 or 2 * told < len(texts):
        raise ValueError(f"its keypoints' names are not those of {len(texts)} points of a face{_seen(texts)}")
    for place, (part, name) in enumerate(zip(named, known, strict=True)):
        if part is not None and part != _part(name):
            raise ValueError(
                f"its keypoint {place} is named '{texts[place][:40]}', where the order has {name}; put the "
                "keypoints and their names in the order of docs/guides/data.md, or use its names"
            )


def _listed(names: Sequence[Any]) -> str:
    return ", ".join(str(name)[:40] for name in names[:_QUOTED]) + (", ..." if len(names) > _QUOTED else "")


def _seen(names: Sequence[Any]) -> str:
    five = (
        "name five left_eye, right_eye, nose, left_mouth, right_mouth, left being left in the image, or "
        if len(names) <= _MOST_OF_FIVE
        else ""
    )
    return (
        f" ({_listed(names)}); {five}leave the names away where keypoints stand in the order of "
        "docs/guides/data.md; keypoints of your own are described in a file, --scheme FILE.yaml "
        "(docs/guides/keypoints.md)"
    )

"""Landmark schemes by name and by count, and what is done with keypoints of any scheme.

A function that takes keypoints takes their scheme too; without one it is the default of their count
(`scheme_of`). Coordinates everywhere in this project are pixels that count from 0; an integer is a
pixel's center. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from facekp_train.published_schemes import PUBLISHED
from facekp_train.schemes import Groups, Scheme

Floats = NDArray[np.floating]
Doubles = NDArray[np.float64]

_BY_NAME = {scheme.name: scheme for scheme in PUBLISHED}

# In reverse: of two with one count the first stays.
SCHEMES: dict[int, Scheme] = dict(sorted({s.points: s for s in reversed(PUBLISHED)}.items()))
"""The default scheme of each count of keypoints, for data sets and files that name none."""


def known_schemes() -> dict[str, Scheme]:
    """Every scheme by name: the published ones, and those that were adopted."""
    return dict(_BY_NAME)


def check_name(scheme: Scheme) -> None:
    """Raise ValueError where a scheme has the name of a published one, which is another."""
    if any(known.name == scheme.name and known != scheme for known in PUBLISHED):
        raise ValueError(f"the scheme '{scheme.name}' is built in, and yours is another; rename it")


def adopt(scheme: Scheme) -> Scheme:
    """Make a scheme the default of its count in this process, and known by its name.

    Args:
        scheme: one's own, or a published one.

    Returns:
        The same.

    Raises:
        ValueError: where its name is that of a published one which is another.
    """
    check_name(scheme)
    _BY_NAME[scheme.name] = SCHEMES[scheme.points] = scheme
    return scheme


@contextmanager
def meaning(scheme: Scheme | None) -> Iterator[None]:
    """A block in which keypoints of a scheme's count are that scheme's, whatever its default is elsewhere.

    Args:
        scheme: one's own, or a published one; None changes nothing.

    Raises:
        ValueError: as of `adopt`.
    """
    if scheme is None or scheme.points not in SCHEMES:
        if scheme is not None:
            adopt(scheme)  # nothing else has so many points
        yield
        return
    before, of_its_name = SCHEMES[scheme.points], _BY_NAME.get(scheme.name)
    adopt(scheme)
    try:
        yield
    finally:
        SCHEMES[scheme.points] = before
        if of_its_name is None:
            del _BY_NAME[scheme.name]
        else:
            _BY_NAME[scheme.name] = of_its_name


def adopt_unknown(scheme: Scheme) -> Scheme:
    """The same for a scheme that a file carries, where its count has no default yet: without doubt."""
    return scheme if scheme.points in SCHEMES else adopt(scheme)


def scheme_named(name: str) -> Scheme:
    """The scheme of a name.

    Args:
        name: such as `ibug68`.

    Returns:
        That scheme.

    Raises:
        ValueError: for an unknown name, naming those that exist.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        raise ValueError(
            f"no landmark scheme is called {name[:40]!r}; there are {', '.join(_BY_NAME)}"
        ) from None


def scheme_of(points: int) -> Scheme:
    """The default scheme of a number of keypoints.

    Args:
        points: the number N of keypoints.

    Returns:
        The scheme that `SCHEMES` has for it.

    Raises:
        ValueError: for a count that has none, naming those that have one.
    """
    try:
        return SCHEMES[points]
    except KeyError:
        own = [scheme for scheme in SCHEMES.values() if scheme not in PUBLISHED]
        known = ", ".join(str(n) for n, scheme in SCHEMES.items() if scheme in PUBLISHED)
        yours = "".join(f", and {scheme.points} of yours, '{scheme.name}'" for scheme in own)
        raise ValueError(
            f"no landmark scheme has {points} points; there are {known}{yours}; describe these keypoints in "
            "a file, --scheme FILE.yaml (docs/guides/keypoints.md)"
        ) from None


def flip_keypoints(keypoints: Floats, mirror: float = 1.0, scheme: Scheme | None = None) -> Floats:
    """Keypoints of the mirrored picture: x becomes `mirror - x`, sides change places.

    Args:
        keypoints: [..., N, 2], x then y.
        mirror: 1 for coordinates in [0, 1] of a crop, width - 1 for pixels of an image.
        scheme: of the keypoints; None for the default of their count.

    Returns:
        A new array [..., N, 2] in the unit of `keypoints`.

    Raises:
        ValueError: without a scheme, for a count that has no default.
    """
    order = list((scheme or scheme_of(keypoints.shape[-2])).flip)
    flipped = keypoints[..., order, :].copy()
    flipped[..., 0] = mirror - flipped[..., 0]
    return flipped


def implies_five(scheme: Scheme | int) -> bool:
    """Whether the keypoints of a scheme determine the five.

    Args:
        scheme: a scheme, or a count for its default.

    Returns:
        False also for a count without a default scheme.
    """
    return _five_groups(scheme) is not None


def _five_groups(scheme: Scheme | int) -> Groups | None:
    known = SCHEMES.get(scheme) if isinstance(scheme, int) else scheme
    return known.five if known else None


def five_matrix(scheme: Scheme | int) -> NDArray[np.float32]:
    """The weights that turn the keypoints of a scheme into the five.

    Args:
        scheme: a scheme of N points, or a count N for its default.

    Returns:
        float32 [5, N]: each of the five is the mean of some keypoints.

    Raises:
        ValueError: where the keypoints do not determine the five.
    """
    groups, points = _five_groups(scheme), scheme if isinstance(scheme, int) else scheme.points
    if groups is None:
        known = ", ".join(str(n) for n in SCHEMES if implies_five(n))
        raise ValueError(f"no map from {points} keypoints to five is known; use data with one of {known}")
    weights = np.zeros((5, points), np.float32)
    for row, group in zip(weights, groups, strict=True):
        row[list(group)] = 1 / len(group)
    return weights


def five_of(keypoints: Floats, known: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """The five of faces' keypoints, and for which faces all that they need is known.

    Args:
        keypoints: [F, N, 2], of the default scheme of their count.
        known: bool [F, N], which keypoints are known.

    Returns:
        The five [F, 5, 2] in the unit of `keypoints`, and bool [F]: False for every face of schemes
        without a map to the five.
    """
    if not implies_five(keypoints.shape[1]):
        return np.zeros((len(keypoints), 5, 2), np.float32), np.zeros(len(keypoints), bool)
    weights = five_matrix(keypoints.shape[1])
    needed = weights.any(axis=0)
    return np.einsum("fn,bnc->bfc", weights, keypoints), known[:, needed].all(axis=1)


def to_five(keypoints: Floats, scheme: Scheme | None = None) -> Floats:
    """The five of keypoints: left eye, right eye, nose tip, mouth corners.

    Args:
        keypoints: [..., N, 2].
        scheme: of the keypoints; None for the default of their count.

    Returns:
        [..., 5, 2] in the unit of `keypoints`; one of the five is NaN where a keypoint that it is made
        of is not finite.

    Raises:
        ValueError: where the scheme has no map to the five.
    """
    weights = five_matrix(scheme or keypoints.shape[-2])
    unknown = ~np.isfinite(keypoints).all(axis=-1, keepdims=True)
    five = np.einsum("fn,...nc->...fc", weights, np.where(unknown, 0, keypoints))
    return np.where(np.einsum("fn,...nc->...fc", weights, unknown) > 0, np.nan, five)

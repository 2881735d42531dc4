"""Where the faces on a photograph are: finders behind one small interface.

A finder has `find(image) -> list[FoundFace]` and names, as `box_source`, the mapping that brings its
boxes to the tight keypoint box (`facekp_train.boxes`). To add one, write a class with these two and
register it in `FINDERS`. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from facekp_export.finders.base import FaceFinder


@runtime_checkable
class LooksForSmallest(Protocol):
    """A finder that can be told the side of the smallest face, in pixels."""

    smallest_face: float | None


def _blazeface(threads: int) -> FaceFinder:
    from facekp_export.finders.blazeface import BlazeFace

    return BlazeFace(threads=threads)


def _blazeface_fast(threads: int) -> FaceFinder:
    from facekp_export.finders.blazeface import BlazeNetFaces

    return BlazeNetFaces(threads=threads)


def _blazeface_full(threads: int) -> FaceFinder:
    from facekp_export.finders.blazeface import FULL_RANGE, BlazeNetFaces

    return BlazeNetFaces(FULL_RANGE, threads)


def _haar(threads: int) -> FaceFinder:  # noqa: ARG001 (the cascade has no say in its threads)
    from facekp_export.finders.haar import HaarFaces

    return HaarFaces()


FINDERS: dict[str, Callable[[int], FaceFinder]] = {
    "blazeface": _blazeface,
    "blazeface-fast": _blazeface_fast,
    "blazeface-full": _blazeface_full,
    "haar": _haar,
}
"""By name: what opens a finder with that many threads."""
DEFAULT_FINDER = "blazeface"


def open_finder(name: str, threads: int = 1, smallest_face: float | None = None) -> FaceFinder:
    """Open a finder by name.

    Args:
        name: one of `FINDERS`.
        threads: that it may compute with.
        smallest_face: side in pixels of faces to be found for sure; None is the finder's own reach.

    Raises:
        ValueError: for an unknown name, or a smallest face where the finder takes none.
        UserError: where its files are missing.
    """
    try:
        opener = FINDERS[name]
    except KeyError:
        raise ValueError(f"no face finder is called '{name}'; there are {', '.join(FINDERS)}") from None
    finder = opener(threads)
    if smallest_face is not None:
        if not isinstance(finder, LooksForSmallest):
            raise ValueError(f"the finder '{name}' looks for no smallest face; blazeface does")
        finder.smallest_face = smallest_face
    return finder

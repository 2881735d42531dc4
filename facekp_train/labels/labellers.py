"""Other systems whose answers count beside a net's: opened by the words of `--also`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from facekp_train.common.console import UserError
from facekp_train.labels.mesh import MeshLabeller
from facekp_train.labels.shape_predictor import ShapePredictor
from facekp_train.landmarks import Doubles, Floats
from facekp_train.samples import Image


class Labeller(Protocol):
    """A system that places 68 points on a face that was found already."""

    kind: str
    """As `--also` names it."""
    path: Path
    sha256: str
    sees_jaw: bool
    """Whether its outline of the face is the 300W mark-up's."""
    is_reference: bool
    """Whether it was trained on the 300W mark-up, from which constant differences are measured."""
    counts_where_it_agrees: bool
    """Whether it is heard only where it lies near the others."""

    def __call__(self, image: Image, points: Floats) -> Doubles:
        """Its 68 points.

        Args:
            image: uint8 [H, W, 3] RGB.
            points: [68, 2] in pixels, where the face was found.

        Returns:
            float64 [68, 2] in pixels; NaN where it sees no face.
        """
        ...


LABELLERS: dict[str, Callable[[Path], Labeller]] = {"mesh": MeshLabeller, "dlib": ShapePredictor}


def open_labellers(words: Sequence[str]) -> list[Labeller]:
    """The labellers that `KIND:FILE` words name, in their order.

    Args:
        words: such as `mesh:face_landmarker.task`.

    Raises:
        UserError: for an unknown kind, one that is named twice, or a file or package that is missing.
    """
    named = dict(split_labeller(word) for word in words)
    if len(named) < len(words):
        raise UserError(f"each of {', '.join(LABELLERS)} counts once; give it one file")
    return [LABELLERS[kind](path) for kind, path in named.items()]


def split_labeller(word: str) -> tuple[str, Path]:
    """Kind and file of `KIND:FILE`.

    Args:
        word: as `--also` takes it.

    Raises:
        UserError: for an unknown kind, or a file that is missing.
    """
    kind, colon, name = word.partition(":")
    if kind not in LABELLERS or not colon or not name:
        raise UserError(f"'{word}' is no labeler; give KIND:FILE, with one of {', '.join(LABELLERS)} as KIND")
    if not Path(name).is_file():
        raise UserError(f"{name}: no such file; docs/guides/compress.md tells where '{kind}' is from")
    return kind, Path(name)

"""What the writers share: a face to write, the photographs' names, and the scheme of all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from facekp_train.crop import tight_box
from facekp_train.landmarks import scheme_of
from facekp_train.samples import Box, FaceSample
from facekp_train.schemes import Scheme


@dataclass(frozen=True)
class Entry:
    """One face to write.

    Attributes:
        sample: the face; what is NaN is written as not labeled.
        size: the upright photograph's width and height in pixels.
        facts: what else is known of its keypoints, such as their spread.
    """

    sample: FaceSample
    size: tuple[int, int]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def around(self) -> Box:
        """The box around the keypoints that are known."""
        keypoints = self.sample.keypoints
        return tight_box(keypoints[np.isfinite(keypoints).all(axis=1)])


Photograph = tuple[str, tuple[int, int], list[Entry]]
"""Name, width and height, and faces."""


def photographs(faces: Iterable[Entry]) -> list[Photograph]:
    """The faces by photograph, in order of the first face of each.

    A photograph is called as it is within the folder that holds all of them, which is what an annotation tool
    calls it once that folder's content was uploaded.
    """
    found: dict[Path, list[Entry]] = {}
    for face in faces:
        found.setdefault(face.sample.image.absolute(), []).append(face)
    folder = os.path.commonpath([image.parent for image in found]) if found else ""
    return [(image.relative_to(folder).as_posix(), own[0].size, own) for image, own in found.items()]


def scheme_for(faces: Sequence[Entry], scheme: Scheme | None) -> Scheme | None:
    """The scheme that was given, or the default one of the faces' count; None where there is no face."""
    return scheme or (scheme_of(len(faces[0].sample.keypoints)) if faces else None)

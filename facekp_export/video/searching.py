"""Which frames of a video are searched for faces that have come in, and how much of each."""

from __future__ import annotations

import math

from facekp_export.finders.base import FaceFinder, FindsInParts, FoundFace
from facekp_train.samples import Image


class Searches:
    """The searches of one video: at once where a face is missing, else now and then, spread over frames."""

    def __init__(self) -> None:
        self._begun = self._before = -math.inf
        self._part = 0

    def found(
        self, finder: FaceFinder, image: Image, seconds: float, every: float, *, at_once: bool
    ) -> list[FoundFace] | None:
        """Search a frame, or a part of it, if it is its turn; to be asked on every frame.

        Args:
            finder: spreads a search if it is a `FindsInParts` and frames follow each other quickly enough.
            image: uint8 [H, W, 3] RGB.
            seconds: the frame's time.
            every: seconds from the begin of one search to that of the next.
            at_once: whether the whole frame must be searched.

        Returns:
            The faces found; None where nothing was searched.
        """
        step, self._before = seconds - self._before, seconds
        turn = seconds - self._begun >= every
        if not at_once and isinstance(finder, FindsInParts) and finder.parts * step <= every:
            if not (turn or self._part):
                return None
            part, self._part = self._part, (self._part + 1) % finder.parts
            self._begun = self._begun if part else seconds
            return finder.find_part(image, part)
        if not (at_once or turn):
            return None
        self._begun, self._part = seconds, 0
        return finder.find(image)

"""Faces through a video: the box follows the keypoints, is found anew when lost, and is smoothed.

    tracker = VideoTracker(KeypointDetector.from_export("models/mdp-0.25x/model_int8.tflite"))
    for frame, seconds in frames:                  # uint8 [H, W, 3] RGB, and its time
        for face in tracker.update(frame, seconds):
            print(face.track, face.score, face.keypoints)

Each frame is looked at twice around each face, the second time mirrored and around the first answer.
On a face both answers agree; on anything else they do not, which is how a lost face is known
(measured in docs/results/video.md). Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from facekp_export.detector import KeypointDetector, checked
from facekp_export.finders.base import FoundFace, apart, center_of, overlapping, suppressed
from facekp_export.video.one_euro import OneEuro, OneEuroFilter
from facekp_export.video.searching import Searches
from facekp_train.crop import tight_box
from facekp_train.landmarks import Doubles, Floats
from facekp_train.samples import Box, Image

# Mean distance of the two answers over the face's side, at which a face counts as half lost.
LOST_AT = 0.04
# Two tracks whose keypoints lie closer than this, in sides, look at one and the same face.
_SAME = 0.25
# A lost face may come back this many sides away, and farther the longer it is away (sides a second).
_REACH, _REACH_SPEED = 0.3, 0.5
_LARGEST_GROWTH = 1.6
# Up to this many times as far, a new number may still be the lost face's, and says so.
_PERHAPS = 4.0
# A speed says nothing after so many seconds; on frames so far apart only a face that stayed is the same.
_FORESEEN = 1.0
# Share of a new speed in a track's: one frame's noise must not throw the box.
_SPEED_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class TrackedFace:
    """One face on one frame.

    Attributes:
        track: its number, from 1, the same on every frame.
        keypoints: float32 [N, 2], pixels of the frame, smoothed; x then y, an integer is a pixel's
            center.
        box: the tight box around them, x, y, width, height.
        score: 0 to 1, how well two looks at it agree; a face below 0.5 is lost and not listed.
        may_be: other tracks whose face this may be, as they crossed or one was lost near it; () where
            its identity is sure.
        confidence: 0 to 1, the chance that the frame's keypoints err by less than 5 % of the eye distance
            on average; as a `Face`'s, from those two looks.
    """

    track: int
    keypoints: NDArray[np.float32]
    box: Box
    score: float
    may_be: tuple[int, ...] = ()
    confidence: float | None = None


@dataclass(frozen=True, eq=False)
class Look:
    """Where a face seems to be: float64 keypoints [N, 2] in pixels, its box, what the two looks say of it."""

    keypoints: Doubles
    box: Box
    score: float
    confidence: float | None


@dataclass(eq=False)
class _Track:
    number: int
    look: Look
    seconds: float
    filter: OneEuroFilter | None
    smoothed: Doubles
    speed: Doubles = field(default_factory=lambda: np.zeros(2))
    surprise: float = 0.0
    lost: bool = False
    left: _Track | None = None
    """What it was when it was last lost, if it came back: someone else may have come back for it."""
    may_be: set[int] = field(default_factory=set)

    def box_at(self, seconds: float) -> Box:
        """Where its box should be by now, if it goes on as it went."""
        x, y, width, height = self.look.box
        passed = seconds - self.seconds
        dx, dy = (self.speed * (passed if passed <= _FORESEEN else 0)).tolist()
        return x + dx, y + dy, width, height

    def see(self, look: Look, seconds: float) -> None:
        """Take over what was seen."""
        passed = seconds - self.seconds
        speed = (center_of(look.box) - center_of(self.look.box)) / passed if passed > 0 else self.speed
        expected = self.box_at(seconds)
        side, before = max(look.box[2:]), max(expected[2:])
        away = np.hypot(*(center_of(look.box) - center_of(expected)))
        self.surprise = float(away) / before + abs(math.log(side / before))
        self.left = replace(self, left=None) if self.lost else self.left
        # After a loss nobody knows how it moved meanwhile.
        self.speed = np.zeros(2) if self.lost else self.speed + _SPEED_SHARE * (speed - self.speed)
        if self.filter is not None and self.lost:
            self.filter = OneEuroFilter(self.filter.settings)
        self.look, self.seconds, self.lost = look, seconds, False
        self.smoothed = self.filter.smooth(look.keypoints, seconds, side) if self.filter else look.keypoints

    def face(self) -> TrackedFace:
        keypoints, others = self.smoothed.astype(np.float32), tuple(sorted(self.may_be))
        box, look = tight_box(keypoints), self.look
        return TrackedFace(self.number, keypoints, box, look.score, others, look.confidence)


class VideoTracker:
    """Follows the faces of one video, frame by frame; not to be shared between threads.

    Args:
        detector: finds the faces and their keypoints.
        smoothing: of the keypoints; None leaves them as the net gives them.
        look_every: seconds between two searches for faces that have come in, whose tiles the default finder
            spreads over frames; while no face is known or one was just lost, every frame is searched.
        remember: seconds for which a lost face keeps its number.

    Raises:
        ValueError: for negative or infinite times.
    """

    def __init__(
        self,
        detector: KeypointDetector,
        smoothing: OneEuro | None = OneEuro(),  # noqa: B008 (frozen)
        look_every: float = 0.5,
        remember: float = 1.0,
    ) -> None:
        if not (0 <= look_every < math.inf and 0 <= remember < math.inf):
            raise ValueError("look_every and remember must be seconds, 0 or more")
        self.detector, self.smoothing = detector, smoothing
        self.look_every, self.remember = look_every, remember
        self._box_of = detector.mapping(detector.scheme.box_source).to_tight
        self._tracks: list[_Track] = []
        self._count = 0
        self._seconds = -math.inf
        self._searches = Searches()

    def update(self, frame: Image, seconds: float) -> list[TrackedFace]:
        """Follow the faces onto the next frame.

        Args:
            frame: uint8 [H, W, 3] RGB.
            seconds: the frame's time, later than the last one's; frames need not be evenly spaced.

        Returns:
            The faces by track number; [] where there is none.

        Raises:
            ValueError: for another kind of image or a time that does not advance.
        """
        image = checked(frame)
        if not self._seconds < seconds < math.inf:
            raise ValueError(f"a frame's time must be finite and later than the last one's, not {seconds} s")
        self._seconds = seconds
        self._tracks = [t for t in self._tracks if not t.lost or self._remembered(t)]
        self._follow(image, [track for track in self._tracks if not track.lost])
        self._part()
        live = [track for track in self._tracks if not track.lost]
        missing = len(live) < len(self._tracks) or not live
        found = self._searches.found(self.detector.finder, image, seconds, self.look_every, at_once=missing)
        if found is not None:
            self._place_new(image, live, found)
        return [track.face() for track in self._tracks if not track.lost]

    def look(self, image: Image, boxes: Sequence[Box]) -> list[Look]:
        """Two passes around each tight box: the mean of their keypoints, and how well they agree."""
        answers = []
        firsts = self.detector.look(image, boxes)
        second_boxes = [self._box(first, box) for first, box in zip(firsts, boxes, strict=True)]
        seconds = self.detector.look(image, second_boxes, mirrored=True)
        for first, second, box in zip(firsts, seconds, second_boxes, strict=True):
            away = float(np.hypot(*(first - second).T).mean()) / max(box[2:])
            points = (first.astype(np.float64) + second) / 2
            sure = self.detector.confidence(image, np.stack([first, second]), box)
            answers.append(Look(points, self._box(points, box), 1 / (1 + (away / LOST_AT) ** 2), sure))
        return answers

    def _box(self, keypoints: Floats, otherwise: Box) -> Box:
        """The tight box that the keypoints stand for; `otherwise` where they all fell into one."""
        return self._box_of(tight_box(keypoints)) if np.ptp(keypoints, axis=0).any() else otherwise

    def _follow(self, image: Image, live: list[_Track]) -> None:
        """Look again where each face should be by now; those not seen there are lost."""
        looks = self.look(image, [track.box_at(self._seconds) for track in live])
        for track, look in zip(live, looks, strict=True):
            stayed = apart(look.box, track.look.box) < _REACH or self._seconds - track.seconds <= _FORESEEN
            if stayed and _seen(look, image):
                track.see(look, self._seconds)
            else:
                self._lose(track, [other for other in live if other is not track])

    def _lose(self, track: _Track, others: Sequence[_Track]) -> None:
        """A face that vanishes behind another may come back as that other."""
        track.lost = True
        for other in others:
            if overlapping(track.look.box, [other.look.box]):
                _doubt(track, other)

    def _part(self) -> None:
        """Of two tracks on one face, the one whose face was expected elsewhere is lost."""
        live = [track for track in self._tracks if not track.lost]
        for number, one in enumerate(live):
            for other in live[number + 1 :]:
                if one.lost or other.lost or not _same(one.look, other.look):
                    continue
                loser = max(one, other, key=lambda track: track.surprise)
                loser.lost = True
                _doubt(one, other)

    def _place_new(self, image: Image, live: Sequence[_Track], found: Sequence[FoundFace]) -> None:
        """Of the faces found, those that no live track has: lost ones come back, others begin a track."""
        to_tight = self.detector.mapping(self.detector.finder.box_source).to_tight
        boxes = [to_tight(face.box) for face in suppressed(found)]
        known = [track.look.box for track in live]
        fresh = [box for box in boxes if not overlapping(box, known)]
        # A finder's box is rougher than one that followed: one more look brings it there.
        firsts = self.detector.look(image, fresh)
        looks = self.look(image, [self._box(p, box) for p, box in zip(firsts, fresh, strict=True)])
        taken = [track.look for track in live]
        for look in looks:
            if _seen(look, image) and not any(_same(look, other) for other in taken):
                taken.append(look)
                self._place(look)

    def _place(self, look: Look) -> None:
        """Give a face that was found to the lost track that is nearest, or to a new one."""
        lost = {track: left for track in self._tracks if (left := self._lost(track)) is not None}
        away = {track: self._distance(left, look) for track, left in lost.items()}
        near = sorted((track for track in away if away[track] < _PERHAPS), key=away.__getitem__)
        back = [track for track in near if track.lost and away[track] < 1 and self._remembered(track)]
        track = back[0] if back else self._begun(look)
        for other in near:
            if other is not track:
                _doubt(track, other)
        track.see(look, self._seconds)

    def _begun(self, look: Look) -> _Track:
        """A new track."""
        self._count += 1
        smoother = OneEuroFilter(self.smoothing) if self.smoothing else None
        self._tracks.append(_Track(self._count, look, self._seconds, smoother, look.keypoints))
        return self._tracks[-1]

    def _lost(self, track: _Track) -> _Track | None:
        """The track as it was lost, where the face may be one that is found now."""
        left = track.left if track.left is not None and self._remembered(track.left) else None
        return track if track.lost else left

    def _remembered(self, lost: _Track) -> bool:
        """Whether a lost face may still have its number back."""
        return self._seconds - lost.seconds <= self.remember

    def _distance(self, track: _Track, look: Look) -> float:
        """How far a face lies from where a lost one may be; beyond 1 it is taken for another."""
        side, other = max(look.box[2:]), max(track.look.box[2:])
        if not 1 / _LARGEST_GROWTH <= side / other <= _LARGEST_GROWTH:
            return math.inf
        reach = _REACH + _REACH_SPEED * (self._seconds - track.seconds)
        # It may have stood still or gone on as it went.
        boxes = track.look.box, track.box_at(self._seconds)
        return min(apart(look.box, box) for box in boxes) / reach


def _doubt(one: _Track, other: _Track) -> None:
    """Note that either track's face may be the other's, or one that the other may be."""
    together = one.may_be | other.may_be | {one.number, other.number}
    one.may_be, other.may_be = together - {one.number}, together - {other.number}


def _seen(look: Look, image: Image) -> bool:
    """Whether a face is there, with its center on the frame."""
    x, y = center_of(look.box)
    height, width = image.shape[:2]
    return look.score >= 0.5 and -0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5


def _same(one: Look, other: Look) -> bool:
    """Whether two looks ended on one and the same face."""
    away = np.hypot(*(one.keypoints - other.keypoints).T).mean()
    return bool(away < _SAME * min(max(one.box[2:]), max(other.box[2:])))

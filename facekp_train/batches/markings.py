"""Where two markings meet: the constant that parts them is fitted once for all that a training mixes.

A net of many points learns from labels of its own scheme, which stay as they are, and from hand-placed
five; the constant between these travels with the net. A net of five learns from one kind of five: those
that other schemes' keypoints imply are moved to where a hand places them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np

from facekp_train.batches.face_store import Face
from facekp_train.common.console import say
from facekp_train.implied_five import FEWEST_PAIRS, fit_five_offset, implied_five
from facekp_train.landmarks import Floats, implies_five, scheme_of
from facekp_train.metadata import FiveOffset, read_five_offset


def fitted_offset(pairs: Iterable[tuple[Floats, Floats]], points: int) -> FiveOffset | None:
    """The offset from the five that keypoints imply to hand-placed five.

    Args:
        pairs: (hand [5, 2], keypoints [points, 2]) of one face each.
        points: number of keypoints, of their default scheme.

    Returns:
        As a checkpoint's header has it; None where too few faces carry both.

    Raises:
        ValueError: where the two lie over an eye distance apart.
    """
    scheme = scheme_of(points)
    try:
        offset = fit_five_offset(pairs, scheme)
    except ValueError:  # too few
        return None
    return read_five_offset(offset.round(5).tolist(), scheme)


def reconcile(faces: Sequence[Face], scored: Sequence[Face], points: int) -> FiveOffset | None:
    """Bring the labels that a net of `points` learns from and is scored on to one marking of the five.

    Args:
        faces: to learn from; they alone tell the constants.
        scored: to be scored on.
        points: keypoints of the net.

    Returns:
        The offset from the five that the net's keypoints imply to hand-placed ones; None where the faces
        do not tell, or where its keypoints are the five, which are moved themselves.
    """
    if points == 5:
        _move_implied(faces, scored)
        return None
    if not implies_five(points):
        return None
    pairs = [(f.five, f.points) for f in faces if f.five is not None and f.points is not None]
    return fitted_offset(pairs, points)


def warn_of_two_markings(points: int, hand: int = 5) -> None:
    """Say that the five that keypoints imply are mixed with others as they are.

    Args:
        points: number of keypoints.
        hand: number of keypoints of the others; 5 for hand-placed five.
    """
    others = "hand-placed five" if hand == 5 else f"those of {hand}"
    say(
        f"the five that {points} keypoints imply are mixed with {others} as they are: under {FEWEST_PAIRS} "
        "training faces carry both and tell what parts them"
    )


def _move_implied(faces: Sequence[Face], scored: Sequence[Face]) -> None:
    """Move implied five to where a hand places them or, without any hand's, to those of one scheme."""
    kinds = Counter(kind for face in chain(faces, scored) for kind in face.fives)
    if not kinds:
        return
    target = 5 if 5 in kinds else kinds.most_common(1)[0][0]
    for kind in sorted(kinds.keys() - {target}):
        known = [face.fives for face in faces if {kind, target} <= face.fives.keys()]
        offset = fitted_offset([(fives[target], fives[kind]) for fives in known], 5)
        if offset is None:
            warn_of_two_markings(kind, target)
            continue
        for face in chain(faces, scored):
            if face.derived == kind:
                face.points = np.asarray(implied_five(face.fives[kind], offset=offset), np.float32)

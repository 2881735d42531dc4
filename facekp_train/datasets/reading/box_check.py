"""A face's box and its keypoints against each other: far apart, one of them is another face's."""

from __future__ import annotations

import numpy as np

from facekp_train.samples import FaceSample

# Detectors leave some of a face out, in a profile by a quarter of their box; sides of the box.
_AROUND = 0.5


def far_from_box(sample: FaceSample) -> str | None:
    """Why a face is none, where all of its known keypoints lie far outside its own box.

    Args:
        sample: the face, keypoints and box in the same pixels.

    Returns:
        The reason with the remedy; None where a keypoint is in the box or near it, or no box is there.
    """
    if sample.box is None:
        return None
    x, y, width, height = sample.box
    room = _AROUND * max(width, height)
    known = sample.known
    low, high = np.array([x - room, y - room]), np.array([x + width + room, y + height + room])
    if not len(known) or ((known >= low) & (known <= high)).all(axis=1).any():
        return None
    return (
        f"all of its keypoints lie far outside its box of {width:.0f} x {height:.0f} at {x:.0f}, {y:.0f}, so "
        "that one of them is another face's; correct it, or leave the box away"
    )

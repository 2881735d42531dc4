"""A face's box and its keypoints against each other: far apart, one of them is another face's."""

from __future__ import annotations

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
    left, top, right, bottom = x - room, y - room, x + width + room, y + height + room
    places = sample.known.tolist()
    if not places or any(left <= across <= right and top <= down <= bottom for across, down in places):
        return None
    return (
        f"all of its keypoints lie far outside its box of {width:.0f} x {height:.0f} at {x:.0f}, {y:.0f}, so "
        "that one of them is another face's; correct it, or leave the box away"
    )

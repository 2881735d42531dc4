"""The parts of the face that a scheme's keypoints lie on, told from the points' names.

Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import re

from facekp_train.schemes import Scheme

# In this order: an eye brow is a brow.
_WORDS = {
    "brows": {"brow", "brows", "eyebrow", "eyebrows"},
    "jaw": {"jaw", "chin"},
    "nose": {"nose", "nostril", "nostrils"},
    "eyes": {"eye", "eyes", "pupil", "pupils", "eyelid", "eyelids"},
    "mouth": {"mouth", "lip", "lips"},
}
PARTS = ("jaw", "brows", "nose", "eyes", "mouth")
"""In the order in which 68 points have them."""
_INNER = ("brows", "nose", "eyes", "mouth")


def parts_of(scheme: Scheme) -> dict[str, tuple[int, ...]]:
    """The keypoints of each part of the face.

    Args:
        scheme: its names tell, such as `left_eye_3`; what belongs to no part is left out.

    Returns:
        Those of `PARTS` that the scheme has, in that order; of the 68 points of 300W also `inner51`,
        which are all but the jaw.
    """
    members: dict[str, list[int]] = {part: [] for part in PARTS}
    for place, name in enumerate(scheme.names):
        words = set(re.findall("[a-z]+", name.lower()))
        part = next((part for part, known in _WORDS.items() if words & known), None)
        if part is not None:
            members[part].append(place)
    parts = {part: tuple(places) for part, places in members.items() if places}
    if scheme.name == "ibug68":
        parts["inner51"] = tuple(sorted(place for part in _INNER for place in parts[part]))
    return parts

"""What the paper reports in tables 1 and 2: Appl. Sci. 2024, 14, 7153. NME in percent."""

from __future__ import annotations

from dataclasses import dataclass

PAPER = "Appl. Sci. 2024, 14, 7153"


@dataclass(frozen=True)
class PublishedTable:
    """One table of the paper.

    faces: how many each split has there; figures on other faces are not comparable. nme: model and
    normaliser -> the NME of each split, in the order of `faces`.
    """

    number: int
    faces: dict[str, int]
    nme: dict[tuple[str, str], tuple[float, ...]]


TABLES: dict[str, PublishedTable] = {
    "300w": PublishedTable(
        1,
        {"common": 554, "challenging": 135, "full": 689},
        {
            ("0.25X", "inter_ocular"): (3.02, 5.14, 3.44),
            ("1X", "inter_ocular"): (2.98, 5.04, 3.38),
            ("ResNet-50", "inter_ocular"): (2.96, 4.96, 3.34),
            ("0.25X", "inter_pupil"): (3.36, 6.78, 3.98),
            ("1X", "inter_pupil"): (3.24, 6.54, 3.89),
            ("ResNet-50", "inter_pupil"): (3.20, 6.48, 3.87),
        },
    ),
    "aflw": PublishedTable(
        2,
        {"full": 4386},
        {
            ("0.25X", "face_box"): (2.06,),
            ("1X", "face_box"): (1.86,),
            ("ResNet-50", "face_box"): (1.84,),
        },
    ),
}
"""By the format's name."""

"""The mapping from each source's box to the tight keypoint box, fitted on labelled faces.

Behind `facekp-export boxes`; the outcome is kept in facekp_train/boxes.json and travels inside
every model file. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from facekp_export.finders.base import FaceFinder, FoundFace, overlap
from facekp_train.boxes import BoxMapping, fit_mapping
from facekp_train.common.files import write_json
from facekp_train.crop import tight_box
from facekp_train.datasets import Dataset
from facekp_train.images import read_image
from facekp_train.landmarks import scheme_of
from facekp_train.samples import Box, FaceSample

# A finder's box belongs to the labelled face if it shares this much of their union with it.
_SAME_FACE = 0.3
# Medians and spreads of fewer would say little; `fit_mapping` asks for as many.
FEWEST_FACES = 10

Pairs = dict[str, list[tuple[Box, Box]]]
"""By source: (the source's box, the tight box) of each face."""


def collect_pairs(
    labelled: Iterable[FaceSample],
    listed: Mapping[Path, FaceSample],
    finders: Iterable[FaceFinder],
    skip: Callable[[str, str], None],
) -> Pairs:
    """Boxes of every source for faces with all keypoints, beside their tight box.

    labelled: faces whose tight box is the target. listed: the same photographs in another list,
    for the boxes and the tight box of the fewer keypoints that it has. Every finder looks at every
    photograph; a face that it misses counts for the others alone. Raises ValueError for faces whose
    keypoints do not reach the face's edge.
    """
    pairs: Pairs = defaultdict(list)
    finders = list(finders)
    for face in labelled:
        if scheme_of(len(face.keypoints)).box_source != "tight":
            raise ValueError(
                f"{face.image}: {len(face.keypoints)} keypoints do not reach the face's edge; "
                "a mapping is fitted on faces with 68 or 98"
            )
        tight = tight_box(face.keypoints)
        other = listed.get(face.image)
        if other is not None:
            if other.box is not None:
                pairs[other.box_source].append((other.box, tight))
            if len(other.keypoints) != len(face.keypoints):
                source = scheme_of(len(other.keypoints)).box_source
                pairs[source].append((tight_box(other.keypoints), tight))
        try:
            image = read_image(face.image) if finders else None
        except OSError as error:
            skip(str(face.image), str(error))
            continue
        for finder in finders:
            box = matching(finder.find(image), tight) if image is not None else None
            if box is not None:
                pairs[finder.box_source].append((box, tight))
    return dict(pairs)


def matching(faces: Iterable[FoundFace], tight: Box) -> Box | None:
    """The found box that lies on a labelled face best; None where none does."""
    best = max(faces, key=lambda face: overlap(face.box, tight), default=None)
    return best.box if best is not None and overlap(best.box, tight) >= _SAME_FACE else None


def fit_boxes(pairs: Pairs, fitted_on: str) -> dict[str, BoxMapping]:
    """Each source's mapping. Raises ValueError, naming the source, where too few faces have its box."""
    for source, boxes in pairs.items():
        if len(boxes) < FEWEST_FACES:
            raise ValueError(
                f"only {len(boxes)} faces have a box of '{source}'; "
                f"a mapping needs {FEWEST_FACES}, so give more photographs"
            )
    return {source: fit_mapping(boxes, fitted_on) for source, boxes in sorted(pairs.items())}


def by_image(data: Dataset) -> dict[Path, FaceSample]:
    """A data set's faces by photograph."""
    return {sample.image: sample for sample in data}


def write_boxes(target: Path, fits: Mapping[str, BoxMapping]) -> None:
    """Put mappings into a boxes.json, whole or not at all; other sources that it holds stay."""
    mappings = json.loads(target.read_text(encoding="utf-8")) if target.is_file() else {}
    mappings.update({source: fit.as_dict() for source, fit in fits.items()})
    write_json(target, mappings)

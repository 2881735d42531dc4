"""What a data set holds: faces by split, warnings, a few faces drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facekp_train.boxes import box_mappings
from facekp_train.common.feedback.progress import progress_bar
from facekp_train.common.run_files import refuse_source
from facekp_train.crop import CropRule, Square, cut, tight_box
from facekp_train.datasets import Dataset, open_dataset
from facekp_train.draw import draw_keypoints
from facekp_train.images import read_image
from facekp_train.samples import Box, FaceSample

_TILES = 36

TILE = CropRule(size=192, scale=1.5)

# Five points lie inside the face, which is about twice as large.
_TILE_OF_FEW = CropRule(size=192, scale=3.0)


@dataclass
class Survey:
    """What was found: faces by split, keypoints a face, what was left out, a few faces drawn."""

    data: str
    splits: dict[str, int] = field(default_factory=dict)
    points: int | None = None
    skipped: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    tiles: list[NDArray[np.uint8]] = field(default_factory=list)

    @property
    def n(self) -> int:
        """Faces that can be used, over all splits."""
        return sum(self.splits.values())

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        names = ("data", "n", "points", "splits", "skipped", "warnings")
        return {name: getattr(self, name) for name in names}


def parts_of(
    spec: str, split: str | None, strict: bool, images: Path | None = None, limit: int | None = None
) -> list[Dataset]:
    """The one split asked for, else the splits that hold every face of the data set once.

    images, limit: as of `open_dataset`; the limit is each split's.
    """
    whole = open_dataset(spec, split, strict, images, limit)
    if split is not None or whole.listing is not None:
        return [whole]
    return [open_dataset(spec, part, strict, images, limit) for part in whole.format.parts]


def survey_faces(spec: str, parts: Sequence[Dataset], sheet: Path | None = None) -> Survey:
    """Open every photograph of the splits.

    Args:
        spec: what the data set is called.
        parts: its splits.
        sheet: a file to be written, which must be none of the photographs.

    Raises:
        FileNotFoundError: where all splits are missing.
        typer.BadParameter: where the sheet is a photograph.
    """
    written = sheet if sheet is not None and sheet.exists() else None
    survey = Survey(spec)
    missing: list[FileNotFoundError] = []
    with progress_bar() as bar:
        for dataset in parts:
            task = bar.add_task(f"faces of {dataset.split}", total=None)
            survey.splits[dataset.split] = 0
            try:
                for sample in dataset:
                    if written is not None:
                        refuse_source(written, sample.image, "photograph")
                    _look(sample, dataset, survey)
                    bar.advance(task)
            except FileNotFoundError as error:
                missing.append(error)
                del survey.splits[dataset.split]
                survey.warnings.append(f"no split '{dataset.split}': {error}")
            survey.skipped += dataset.skipped
            survey.warnings += dataset.warnings
    if len(missing) == len(parts):
        raise missing[0]
    return survey


def _look(sample: FaceSample, dataset: Dataset, survey: Survey) -> None:
    try:
        image = read_image(sample.image)
        box = tight_box(sample.known)
        if max(box[2:]) <= 0:
            raise ValueError("all its keypoints lie in one place")
    except (OSError, ValueError) as error:
        dataset.skip(str(sample.image), str(error))
        return
    survey.splits[dataset.split] += 1
    survey.points = len(sample.keypoints)
    _warn_outside(sample, image, dataset)
    _warn_of_box(sample, dataset)
    _draw(sample, image, survey)


def _warn_outside(sample: FaceSample, image: NDArray[np.uint8], dataset: Dataset) -> None:
    """A face whose middle is off the photograph has a wrong annotation, or another's photograph."""
    x, y = sample.known.mean(axis=0).tolist()
    if not (0 <= x < image.shape[1] and 0 <= y < image.shape[0]):
        dataset.notes.warn(f"{sample.image}: the face's center ({x:.0f}, {y:.0f}) lies outside the image")


def _warn_of_box(sample: FaceSample, dataset: Dataset) -> None:
    """A box that cannot be brought to the tight one costs its face wherever listed boxes are used."""
    if sample.box is not None and sample.box_source not in (known := box_mappings()):
        dataset.notes.warn(
            f"boxes of '{sample.box_source}' have no mapping, so that their faces are skipped where listed "
            "boxes are used; evaluate with --boxes tight, or name as box_source one of "
            + ", ".join(sorted(known))
        )


def _draw(sample: FaceSample, image: NDArray[np.uint8], survey: Survey) -> None:
    """Keep a fair choice of the faces seen so far (Vitter's algorithm R), the same on every run."""
    seen = survey.n
    place = seen - 1 if seen <= _TILES else int(np.random.default_rng(seen).integers(seen))
    if place >= _TILES:
        return
    rule = TILE if len(sample.keypoints) > 5 else _TILE_OF_FEW
    square = rule.square(tight_box(sample.known))
    points = square.to_crop(sample.keypoints) * rule.size - 0.5
    box = None if sample.box is None else _box_in(square, sample.box, rule.size)
    tile = draw_keypoints(cut(image, square, rule), points, visible=sample.visible, box=box, sides=True)
    survey.tiles[place : place + 1] = [tile]


def _box_in(square: Square, box: Box, size: int) -> Box:
    x, y, width, height = box
    left, top = (square.to_crop(np.array([x, y])) * size - 0.5).tolist()
    shrunk = size / square.side
    return left, top, width * shrunk, height * shrunk

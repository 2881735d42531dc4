"""From a recipe's data sets to the stores of training and validation faces."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from facekp_train.batches.face_store import Face, FaceStore, gather_faces
from facekp_train.batches.markings import reconcile
from facekp_train.batches.views import MOST_RAW, bytes_of
from facekp_train.common.console import UserError, faces_in_words, say, warn
from facekp_train.common.feedback.progress import progress_bar
from facekp_train.common.files import resolved
from facekp_train.common.settings import Settings
from facekp_train.crop import CropRule
from facekp_train.datasets import check_split, open_dataset
from facekp_train.datasets.reading.notes import in_short
from facekp_train.landmarks import meaning
from facekp_train.metadata import FiveOffset
from facekp_train.networks.keypoint_net import SIDE_TOLD
from facekp_train.own_schemes import recipe_scheme
from facekp_train.samples import FaceSample, evenly
from facekp_train.schemes import Scheme

_FEW_SCORED = 20
"""Faces below which the best epoch is said to be told by chance."""


@dataclass
class TrainingData:
    """Faces to learn from and to score after each epoch.

    Attributes:
        five_offset: from the five that labels of all points imply to hand-placed ones; None where too few
            of the training faces carry both.
    """

    train: FaceStore
    validation: FaceStore
    five_offset: FiveOffset | None


class FaceSettings(Settings):
    """Which faces are learnt from and scored, their keypoints and their crop."""

    data: list[str] = Field(min_length=1, description="data sets as FORMAT:PATH[@LIST]")
    split: str | None = Field(
        default=None, description="split of every set of `data`; null: each one's first"
    )
    validation: list[str] = Field(default_factory=list, description="none: a share of the training faces")
    validation_split: str | None = Field(default=None, description="split of every set of `validation`")
    validation_limit: int = Field(default=1000, ge=1, description="faces scored after each epoch")
    limit: int | None = Field(
        default=None, ge=1, description="faces to read of each set, spread evenly over it; null: all"
    )
    box_source: Literal["tight", "listed"] = Field(
        default="tight", description="training crops lie around the keypoints, or around the listed boxes"
    )
    points: int = Field(
        default=68, description="keypoints of the net; a number that has no published scheme needs `scheme`"
    )
    scheme: dict[str, Any] | None = Field(
        default=None,
        description="the keypoints' scheme: a file or a name; null: the published one of `points`",
    )
    size: int = Field(default=128, description=SIDE_TOLD)
    seed: int = Field(default=0, ge=0, description="decides weights, order and augmentation")

    @model_validator(mode="before")
    @classmethod
    def _read_scheme(cls, data: Any) -> Any:
        """A scheme that is named becomes plain data, and says how many points there are."""
        if not isinstance(data, dict) or data.get("scheme") is None:
            return data
        scheme = recipe_scheme(data["scheme"])
        return {"points": len(scheme["names"]), **data, "scheme": scheme}

    def own_scheme(self) -> Scheme | None:
        """The keypoints' scheme, where the settings name one."""
        return None if self.scheme is None else Scheme.from_dict(self.scheme)

    @model_validator(mode="after")
    def _splits_exist(self) -> FaceSettings:
        check_split(self.data, self.split)
        check_split(self.validation, self.validation_split)
        return self


def load_training_data(settings: FaceSettings) -> TrainingData:
    """Read, merge and decode the faces. Raises UserError where too few remain."""
    skipped: list[dict[str, str]] = []
    rule, points = CropRule(size=settings.size), settings.points
    with meaning(settings.own_scheme()):
        faces, scored = _gathered(settings, skipped)
        offset = reconcile(faces, scored, points)
        count = len(faces) + len(scored)
        _tell_room(count)
        with progress_bar() as bar:
            task = bar.add_task("decoding", total=count)
            decoded, listed = partial(bar.advance, task), settings.box_source == "listed"
            train = FaceStore(faces, points, rule, prefer_listed=listed, on_face=decoded)
            validation = FaceStore(scored, points, rule, prefer_listed=True, on_face=decoded)
    skipped += train.skipped + validation.skipped
    if skipped:
        say(f"{len(skipped)} faces left out, such as {skipped[0]['file']}: {skipped[0]['reason']}")
    few = "; chance tells the best epoch of so few, --validation names more"
    say(
        f"{faces_in_words(train.size)} to learn from, {validation.size:,} to validate on"
        f"{few if validation.size < _FEW_SCORED else ''}"
    )
    return TrainingData(train, validation, offset)


def _gathered(settings: FaceSettings, skipped: list[dict[str, str]]) -> tuple[list[Face], list[Face]]:
    """The faces to learn from and those to score, none of them decoded yet."""
    samples = samples_of(settings.data, settings.split, skipped, limit=settings.limit, told=True)
    faces = gather_faces(samples, settings.points)
    if settings.validation:
        held_out = samples_of(
            settings.validation, settings.validation_split, skipped, evaluation=True, limit=settings.limit,
            told=True,
        )  # fmt: skip
        scored = gather_faces(held_out, settings.points)
        overlap = {resolved(f.sample.image) for f in faces} & {resolved(f.sample.image) for f in scored}
        if overlap:
            raise UserError(
                f"{len(overlap)} images are both trained and validated on, such as {min(overlap)}; "
                "give --validation a split of its own"
            )
    else:
        faces, scored = hold_out(faces, settings.seed)
    if not faces or not scored:
        where = ", ".join([*settings.data, *settings.validation])
        raise UserError(f"no usable faces in {where}{in_short(skipped)}; facekp-train data says more")
    if all(face.points is None for face in faces):
        raise UserError(
            f"none of the {len(faces)} faces has {settings.points} keypoints, which the net needs beside "
            "those with five; add a data set with them, such as facekp-train label writes (distill: "
            "--relabel missing), or train a net of five (--points 5)"
        )
    return faces, [scored[i] for i in evenly(len(scored), settings.validation_limit)]


def _tell_room(faces: int) -> None:
    """Say what the views of many faces take, and refuse what the disk cannot hold, where a map crashes."""
    needed, folder = bytes_of(faces), tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    told = f"the views of {faces:,} faces take about {needed / 1e9:.1f} GB in {folder}"
    if needed > free:
        raise UserError(f"{told}, where {free / 1e9:.1f} GB are free; name a larger disk's folder in TMPDIR")
    if faces > MOST_RAW:
        say(f"{told}, as JPEG files")


def samples_of(
    specs: Sequence[str],
    split: str | None,
    skipped: list[dict[str, str]],
    *,
    evaluation: bool = False,
    limit: int | None = None,
    told: bool = False,
) -> Iterator[FaceSample]:
    """The faces of several data sets in a row, of `split` where a set has it.

    Else of the split that a set is trained on or, with `evaluation`, that its figures are reported
    on. What cannot be used goes to `skipped`. limit: faces of each set, as of `Dataset`. told: its
    warnings are said. Raises DataError for a split that no set has.
    """
    check_split(specs, split)

    def one(spec: str) -> Iterator[FaceSample]:
        dataset = open_dataset(spec, limit=limit)
        if split is not None and split in dataset.format.splits:
            dataset.split = split
        elif evaluation:
            dataset.split = dataset.format.evaluation
        yield from dataset
        skipped.extend(dataset.skipped)
        for warning in dataset.warnings if told else ():
            warn(warning)

    return chain.from_iterable(one(spec) for spec in specs)


def hold_out(faces: list[Face], seed: int) -> tuple[list[Face], list[Face]]:
    """Photographs by chance, but the same for a seed, are for validation: 5 % of the faces, at least one.

    Of one photograph all faces go to the same side, or the net would be scored on what it has seen.
    """
    images = list(dict.fromkeys(face.sample.image for face in faces))
    sizes = Counter(face.sample.image for face in faces)
    wanted = max(1, len(faces) // 20)
    scored: set[Path] = set()
    for place in np.random.default_rng((seed, 77)).permutation(len(images)).tolist():
        if sum(sizes[image] for image in scored) >= wanted:
            break
        scored.add(images[place])
    return [f for f in faces if f.sample.image not in scored], [f for f in faces if f.sample.image in scored]

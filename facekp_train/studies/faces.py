"""The faces of a study, divided into folds by image."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facekp_train.batches.face_store import Face, gather_faces
from facekp_train.common.console import UserError, say
from facekp_train.training.data import samples_of

_WATCHED = 20


@dataclass(frozen=True)
class FaceFolds:
    """What decides which faces are in which fold. limit: images drawn by chance; None: all."""

    data: tuple[str, ...]
    split: str | None
    folds: int
    limit: int | None
    seed: int

    def load(self) -> FoldedFaces:
        """Read the lists. Raises UserError for too few images or faces of several schemes."""
        skipped: list[dict[str, str]] = []
        samples = list(samples_of(self.data, self.split, skipped))
        schemes = sorted({len(sample.keypoints) for sample in samples})
        if len(schemes) > 1:
            raise UserError(
                f"a study takes faces of one scheme, not of {' and '.join(map(str, schemes))} points"
            )
        faces = gather_faces(samples, schemes[0]) if samples else []
        if skipped:
            say(f"{len(skipped)} faces left out, such as {skipped[0]['file']}: {skipped[0]['reason']}")
        first: dict[str, int] = {}
        images = np.array([first.setdefault(str(f.sample.image), len(first)) for f in faces], np.intp)
        chosen = np.random.default_rng((self.seed, 3)).permutation(len(first))[: self.limit]
        if len(chosen) < 2 * self.folds:
            raise UserError(f"{len(chosen)} images are too few for {self.folds} folds; give more --data")
        fold_of_image = np.full(len(first), -1)
        fold_of_image[chosen] = np.arange(len(chosen)) % self.folds
        kept = np.flatnonzero(fold_of_image[images] >= 0)
        return FoldedFaces(
            schemes[0], [faces[i] for i in kept], kept, images[kept], fold_of_image[images[kept]]
        )


@dataclass(frozen=True)
class FoldedFaces:
    """The faces drawn. numbers, images, folds: int [F], each face's place among all of the data,
    its image's, and its fold; faces of one image are in one fold."""

    points: int
    faces: list[Face]
    numbers: NDArray[np.intp]
    images: NDArray[np.intp]
    folds: NDArray[np.intp]

    def training(self, fold: int) -> tuple[list[Face], list[Face]]:
        """The faces of all other folds: those to learn from, and those of every twentieth image, whose
        error is watched after each epoch. The tested fold has no say in training."""
        places = np.flatnonzero(self.folds != fold)
        images = np.unique(self.images[places])
        watched = np.isin(self.images[places], images[::_WATCHED])
        return [self.faces[i] for i in places[~watched]], [self.faces[i] for i in places[watched]]

    def tested(self, fold: int) -> NDArray[np.intp]:
        """The places in `faces` of a fold's own."""
        return np.flatnonzero(self.folds == fold)

    def fingerprint(self) -> str:
        """Of names, keypoints, boxes and folds: lists that differ make other cells."""
        digest = hashlib.sha256()
        for face, fold in zip(self.faces, self.folds.tolist(), strict=True):
            digest.update(f"{face.sample.image.name} {face.sample.box} {fold} ".encode())
            digest.update(face.sample.keypoints.tobytes())
        return digest.hexdigest()[:16]

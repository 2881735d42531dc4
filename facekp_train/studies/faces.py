"""The faces of a study: divided into folds by image, and those that no net learns from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from facekp_train.batches.face_store import Face, gather_faces
from facekp_train.common.console import UserError, say
from facekp_train.common.files import resolved
from facekp_train.training.data import samples_of

_WATCHED = 20


@dataclass(frozen=True)
class FaceFolds:
    """What decides which faces are in which fold. limit: images drawn by chance; None: all. unseen: data
    sets that every net is measured on beside its fold, of `unseen_split`."""

    data: tuple[str, ...]
    split: str | None
    folds: int
    limit: int | None
    seed: int
    unseen: tuple[str, ...] = ()
    unseen_split: str | None = None

    def load(self) -> FoldedFaces:
        """Read the lists. Raises UserError for too few images or faces of several schemes."""
        skipped: list[dict[str, str]] = []
        samples = list(samples_of(self.data, self.split, skipped))
        unseen = list(samples_of(self.unseen, self.unseen_split, skipped, evaluation=True))
        schemes = sorted({len(sample.keypoints) for sample in chain(samples, unseen)})
        if len(schemes) > 1:
            raise UserError(
                f"a study takes faces of one scheme, not of {' and '.join(map(str, schemes))} points"
            )
        if both := {resolved(s.image) for s in samples} & {resolved(s.image) for s in unseen}:
            raise UserError(
                f"{len(both)} images are both learnt from and kept unseen, such as {min(both)}; "
                "give --validation a list of its own"
            )
        faces = gather_faces(samples, schemes[0]) if samples else []
        if skipped:
            say(f"{len(skipped)} faces left out, such as {skipped[0]['file']}: {skipped[0]['reason']}")
        images = _images_of(faces)
        count = int(images.max(initial=-1)) + 1
        chosen = np.random.default_rng((self.seed, 3)).permutation(count)[: self.limit]
        if len(chosen) < 2 * self.folds:
            raise UserError(f"{len(chosen)} images are too few for {self.folds} folds; give more --data")
        fold_of_image = np.full(count, -1)
        fold_of_image[chosen] = np.arange(len(chosen)) % self.folds
        kept = np.flatnonzero(fold_of_image[images] >= 0)
        others = gather_faces(unseen, schemes[0])
        return FoldedFaces(
            schemes[0],
            FaceSet([faces[i] for i in kept], kept, images[kept]),
            fold_of_image[images[kept]],
            FaceSet(others, np.arange(len(others)), _images_of(others)) if self.unseen else None,
        )


@dataclass(frozen=True)
class FaceSet:
    """Faces to learn from or to measure on. numbers, images: int [F], each face's place among all of the
    data, and its image's."""

    faces: list[Face]
    numbers: NDArray[np.intp]
    images: NDArray[np.intp]

    def at(self, places: NDArray[np.intp]) -> FaceSet:
        """Those at some places."""
        return FaceSet([self.faces[i] for i in places], self.numbers[places], self.images[places])


@dataclass(frozen=True)
class FoldedFaces:
    """The faces drawn. folds: int [F], each one's; faces of one image are in one fold. unseen: those
    that every net is measured on beside its fold, where there are some."""

    points: int
    drawn: FaceSet
    folds: NDArray[np.intp]
    unseen: FaceSet | None

    def training(self, fold: int) -> tuple[list[Face], list[Face]]:
        """The faces of all other folds: those to learn from, and those of every twentieth image, whose
        error is watched after each epoch. The tested fold has no say in training."""
        others = self.drawn.at(np.flatnonzero(self.folds != fold))
        watched = np.isin(others.images, np.unique(others.images)[::_WATCHED])
        return others.at(np.flatnonzero(~watched)).faces, others.at(np.flatnonzero(watched)).faces

    def tested(self, fold: int) -> FaceSet:
        """A fold's own."""
        return self.drawn.at(np.flatnonzero(self.folds == fold))

    def fingerprint(self) -> str:
        """Of names, keypoints, boxes and folds: lists that differ make other cells."""
        digest = hashlib.sha256()
        unseen = self.unseen.faces if self.unseen else []
        folds = [*self.folds.tolist(), *(["unseen"] * len(unseen))]
        for face, fold in zip([*self.drawn.faces, *unseen], folds, strict=True):
            digest.update(f"{face.sample.image.name} {face.sample.box} {fold} ".encode())
            digest.update(face.sample.keypoints.tobytes())
        return digest.hexdigest()[:16]


def _images_of(faces: list[Face]) -> NDArray[np.intp]:
    """The number of each face's image, in the order in which images first occur."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(str(f.sample.image), len(first)) for f in faces], np.intp)

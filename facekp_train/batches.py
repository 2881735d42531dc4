"""Batches for the training loop, made by threads while the net computes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from facekp_train.augment import photometric, random_view
from facekp_train.crop import apply_affine, invert_affine
from facekp_train.face_store import FaceStore
from facekp_train.landmarks import flip_keypoints, scheme_of
from facekp_train.recipe import Augmentation


@dataclass
class Batch:
    """crops: uint8 [B, 3, S, S] RGB; many [B, N, 2], five [B, 5, 2] in [0, 1] of the crop, and
    masks many_known [B, N], five_known [B, 5] of what is labelled."""

    crops: Tensor
    many: Tensor
    five: Tensor
    many_known: Tensor
    five_known: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device; crops in channels-last order."""
        moved = [t.to(device, non_blocking=True) for t in vars(self).values()]
        moved[0] = moved[0].contiguous(memory_format=torch.channels_last)
        return Batch(*moved)


class TrainBatches:
    """Shuffled, augmented batches of one process's share of every global batch.

    waited: seconds that the loop spent waiting for data in the last epoch.
    """

    def __init__(
        self, store: FaceStore, how: Augmentation, batch: int, seed: int, *, rank: int = 0, world: int = 1
    ):
        if batch % world:
            raise ValueError(f"a batch of {batch} does not divide among {world} processes")
        if store.size < batch:
            raise ValueError(
                f"{store.size} usable faces do not fill one batch of {batch}; give more faces or --set batch="
            )
        self.store, self.how, self.seed = store, how, seed
        self.batch, self.rank, self.world = batch, rank, world
        self.waited = 0.0

    def __len__(self) -> int:
        return self.store.size // self.batch

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of one epoch; the same for the same seed and number."""
        order = np.random.default_rng((self.seed, number)).permutation(self.store.size)
        share = self.batch // self.world
        self.waited = 0.0
        with ThreadPoolExecutor(2) as pool:
            waiting: list[Future[Batch]] = []
            for step in range(len(self) + 3):
                if step < len(self):
                    start = step * self.batch + self.rank * share
                    waiting.append(pool.submit(self._make, order[start : start + share], number))
                if step >= 3:
                    started = time.perf_counter()
                    batch = waiting.pop(0).result()
                    self.waited += time.perf_counter() - started
                    yield batch

    def _make(self, indices: np.ndarray, epoch: int) -> Batch:
        faces = [self._one(int(i), np.random.default_rng((self.seed, epoch, int(i)))) for i in indices]
        columns = [torch.from_numpy(np.stack(column)) for column in zip(*faces, strict=True)]
        return Batch(columns[0].permute(0, 3, 1, 2), *columns[1:])

    def _one(self, i: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
        store = self.store
        matrix = random_view(random, self.how, store.rule.scale)
        crop = store.view(i, matrix)
        back = invert_affine(matrix)
        many, five = (apply_affine(back, labels[i]).astype(np.float32) for labels in (store.many, store.five))
        many_known, five_known = store.many_known[i], store.five_known[i]
        if random.random() < self.how.flip:
            crop = np.ascontiguousarray(crop[:, ::-1])
            many, five = flip_keypoints(many), flip_keypoints(five)
            many_known = many_known[list(scheme_of(len(many)).flip)]
            five_known = five_known[list(scheme_of(5).flip)]
        return photometric(crop, random, self.how), many, five, many_known, five_known


def plain_batches(store: FaceStore, batch: int) -> Iterator[tuple[Batch, slice]]:
    """Every face once, in order, as the crop rule cuts it; with the faces' places in the store."""
    identity = np.array([[1.0, 0, 0], [0, 1, 0]])
    for start in range(0, store.size, batch):
        part = slice(start, min(start + batch, store.size))
        crops = np.stack([store.view(i, identity) for i in range(part.start, part.stop)])
        labels = (store.many, store.five, store.many_known, store.five_known)
        yield (
            Batch(torch.from_numpy(crops).permute(0, 3, 1, 2), *(torch.from_numpy(x[part]) for x in labels)),
            part,
        )

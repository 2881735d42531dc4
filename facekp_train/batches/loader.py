"""Batches for the training loop, made by threads while the net computes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from facekp_train.batches.augment import Augmentation, photometric, random_view
from facekp_train.batches.face_store import FaceStore
from facekp_train.common.settings import Settings
from facekp_train.crop import apply_affine, invert_affine
from facekp_train.implied_five import implied_five
from facekp_train.landmarks import five_of, flip_keypoints, scheme_of
from facekp_train.metadata import FiveOffset
from facekp_train.pose import TURN_EDGES, turn_of
from facekp_train.samples import evenly


@dataclass
class Batch:
    """Crops and what is known of their keypoints.

    Attributes:
        crops: uint8 [B, 3, S, S] RGB.
        points: [B, N, 2] in [0, 1] of the crop.
        five: [B, 5, 2] in [0, 1] of the crop.
        points_known: mask [B, N] of what is labeled.
        five_known: mask [B, 5] of what is labeled.
    """

    crops: Tensor
    points: Tensor
    five: Tensor
    points_known: Tensor
    five_known: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device; crops in channels-last order."""
        moved = [t.to(device, non_blocking=True) for t in vars(self).values()]
        moved[0] = moved[0].contiguous(memory_format=torch.channels_last)
        return Batch(*moved)


class BatchSettings(Settings):
    """What a step learns from: how many faces, which ones, seen how."""

    batch: int = Field(default=32, ge=2, description="faces a step, over all processes")
    focus: float = Field(default=0.0, ge=0, description="how much more often turned faces are drawn")
    augmentation: Augmentation = Field(default=Augmentation(), description="random changes of the crops")


class TrainBatches:
    """Shuffled, augmented batches of one process's share of every global batch.

    With `focus`, turned faces are drawn more often: up to 1 + focus times as often as frontal ones.

    Args:
        store: the faces.
        settings: size of the global batch, focus and augmentation.
        seed: decides order and views.
        five_offset: from the five that the net's keypoints imply to hand-placed ones.
        rank: of this process.
        world: number of processes.

    Attributes:
        waited: seconds that the loop spent waiting for data in the last epoch.

    Raises:
        ValueError: where the batch does not divide among the processes, or the faces do not fill one.
    """

    def __init__(
        self,
        store: FaceStore,
        settings: BatchSettings,
        seed: int,
        *,
        five_offset: FiveOffset | None = None,
        rank: int = 0,
        world: int = 1,
    ):
        batch, focus = settings.batch, settings.focus
        if batch % world:
            raise ValueError(f"a batch of {batch} does not divide among {world} processes")
        if store.size < batch:
            raise ValueError(
                f"{store.size} usable faces do not fill one batch of {batch}; give more faces, or "
                f"a smaller batch: --batch {max(store.size // 2, 1)}"
            )
        self.store, self.augmentation, self.seed = store, settings.augmentation, seed
        self.batch, self.rank, self.world = batch, rank, world
        self._shares = 1 + focus * _turned(store, five_offset) if focus else None
        self.waited = 0.0

    def __len__(self) -> int:
        return self.store.size // self.batch

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of one epoch; the same for the same seed and number."""
        order = self._order(np.random.default_rng((self.seed, number)))
        share = self.batch // self.world
        self.waited = 0.0
        with ThreadPoolExecutor(2) as pool:
            waiting: list[Future[Batch]] = []
            for step in range(len(self) + 3):
                if step < len(self):
                    start = step * self.batch + self.rank * share
                    waiting.append(pool.submit(self._make, order[start : start + share], number, start))
                if step >= 3:
                    started = time.perf_counter()
                    batch = waiting.pop(0).result()
                    self.waited += time.perf_counter() - started
                    yield batch

    def _order(self, random: np.random.Generator) -> np.ndarray:
        """As many places in the store as there are faces; each face about as often as its share."""
        order = random.permutation(self.store.size)
        if self._shares is None:
            return order
        # Systematic sampling: even steps along the cumulated shares leave no frontal face to chance.
        ends = np.cumsum(self._shares[order])
        steps = (np.arange(len(order)) + random.random()) * ends[-1] / len(order)
        return random.permutation(order[np.searchsorted(ends, steps, side="right")])

    def _make(self, indices: np.ndarray, epoch: int, start: int) -> Batch:
        # By place, not by face: one that is drawn twice in an epoch is seen in two ways.
        randoms = (np.random.default_rng((self.seed, epoch, start + k)) for k in range(len(indices)))
        faces = [self._one(int(i), random) for i, random in zip(indices, randoms, strict=True)]
        columns = [torch.from_numpy(np.stack(column)) for column in zip(*faces, strict=True)]
        return Batch(columns[0].permute(0, 3, 1, 2), *columns[1:])

    def _one(self, i: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
        store = self.store
        matrix = random_view(random, self.augmentation, store.rule.scale)
        crop = store.view(i, matrix)
        back = invert_affine(matrix)
        labels = store.points[i], store.five[i]
        points, five = (apply_affine(back, part).astype(np.float32) for part in labels)
        points_known, five_known = store.points_known[i], store.five_known[i]
        if random.random() < self.augmentation.flip:
            crop = np.ascontiguousarray(crop[:, ::-1])
            points, five = flip_keypoints(points), flip_keypoints(five)
            points_known = points_known[list(scheme_of(len(points)).flip)]
            five_known = five_known[list(scheme_of(5).flip)]
        return photometric(crop, random, self.augmentation), points, five, points_known, five_known


# Turned by less than the first (`turn_of`), a face counts as frontal; from the second on as wholly turned.
_TURNED = (TURN_EDGES[0], 0.5)


def _turned(store: FaceStore, offset: FiveOffset | None) -> np.ndarray:
    """How far each face of a store is turned to a side: [F] in [0, 1]; 0 where nothing tells."""
    implied, known = five_of(store.points[: store.size], store.points_known[: store.size])
    five = implied_five(implied, offset=offset)
    own = store.five_known[: store.size].all(axis=1)
    five[own], known[own] = store.five[: store.size][own], True
    share = np.clip((turn_of(five) - _TURNED[0]) / (_TURNED[1] - _TURNED[0]), 0, 1)
    return np.where(known & np.isfinite(share), share, 0)


def plain_batches(store: FaceStore, batch: int) -> Iterator[tuple[Batch, slice]]:
    """Every face once, in order, as the crop rule cuts it.

    Args:
        store: the faces.
        batch: faces in a batch, at most.

    Yields:
        The batch, and its faces' places in the store.
    """
    for start in range(0, store.size, batch):
        part = slice(start, min(start + batch, store.size))
        labels = (store.points, store.five, store.points_known, store.five_known)
        crops = plain_crops(store, range(part.start, part.stop))
        yield Batch(crops, *(torch.from_numpy(x[part]) for x in labels)), part


def plain_crops(store: FaceStore, places: Iterable[int]) -> Tensor:
    """Some faces as the crop rule cuts them.

    Args:
        store: the faces.
        places: in the store.

    Returns:
        uint8 [B, 3, S, S] RGB.
    """
    identity = np.array([[1.0, 0, 0], [0, 1, 0]])
    crops = np.stack([store.view(int(i), identity) for i in places])
    return torch.from_numpy(crops).permute(0, 3, 1, 2)


def spread_crops(store: FaceStore, count: int, batch: int) -> Iterator[Tensor]:
    """Batches of plain crops, evenly over the store.

    Args:
        store: the faces.
        count: how many of them, at most all.
        batch: about how many faces a batch has.

    Returns:
        Batches uint8 [B, 3, S, S] RGB.
    """
    places = evenly(store.size, count)
    return (plain_crops(store, part) for part in np.array_split(places, max(1, len(places) // batch)))

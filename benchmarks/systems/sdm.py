r"""SDM: a cascade of linear steps on descriptors around the points (Xiong and De la Torre, CVPR 2013).

    python -m benchmarks.systems.sdm --data coco:labels.json --data mtfl:PATH

x <- x + R phi(x) + b, four times; phi are descriptors as SIFT's, at one scale of an upright crop; R by
ridge regression over perturbed starts. Kept in float16: 9.5 MB, benchmarks/weights/sdm.npz.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from facekp_train.batches.face_store import gather_faces
from facekp_train.boxes import mapping_of, tight_box_of
from facekp_train.common.console import new_app, out, run
from facekp_train.crop import CropRule, cut
from facekp_train.images import read_image
from facekp_train.implied_five import fit_five_offset
from facekp_train.landmarks import flip_keypoints, scheme_of
from facekp_train.samples import Crops
from facekp_train.training.data import samples_of

WEIGHTS = Path(__file__).parents[1] / "weights" / "sdm.npz"
RULE = CropRule(size=160, scale=160 / 96)
"""The face's box makes 96 pixels of the crop."""
POINTS = 68
CELLS = (12, 10, 8, 6)
"""Side of a descriptor's 16 cells in pixels, stage by stage: from far to near."""
_ORIENTATIONS, _ACROSS = 8, 4
_NUMBERS = POINTS * _ACROSS**2 * _ORIENTATIONS
_MOST = 0.2  # of a descriptor's length in one number, as SIFT has it
_STARTS, _HELD_OUT, _BATCH = 3, 500, 500
_RIDGES = (0.1, 0.3, 1.0)

Singles = NDArray[np.float32]


@dataclass(frozen=True)
class Cascade:
    """A trained one.

    Attributes:
        mean: float32 [68, 2], where it starts, in pixels of the crop.
        steps: float16 [stages, 8705, 136]: R and, in the last row, b.
        five_offset: float32 [5, 2], from the five that its points imply to hand-placed ones.
    """

    mean: Singles
    steps: NDArray[np.float16]
    five_offset: Singles

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Cascade:
        """Read the committed weights. Raises OSError where the file is missing."""
        with np.load(path) as file:
            return cls(file["mean"], file["steps"], file["five_offset"])

    def save(self, path: Path = WEIGHTS) -> None:
        """Write them."""
        np.savez(path, mean=self.mean, steps=self.steps, five_offset=self.five_offset)

    def runner(self) -> Runner:
        """Ready to run: float32 in memory."""
        return Runner(self.mean, [np.asarray(step, np.float32) for step in self.steps])


@dataclass(frozen=True)
class Runner:
    """What `Cascade.runner` gives: `facekp_train.samples.Predict`."""

    mean: Singles
    steps: list[Singles]

    def __call__(self, crops: Crops) -> Singles:
        """Points [B, 68, 2] in [0, 1] of crops, uint8 [B, 160, 160, 3] RGB."""
        return np.stack([self._one(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)) for crop in crops])

    def _one(self, gray: NDArray[np.uint8]) -> Singles:
        maps = gradient_maps(gray)
        points = self.mean
        for step, cell in zip(self.steps, CELLS, strict=True):
            points = points + (describe(maps, points, cell) @ step[:-1] + step[-1]).reshape(POINTS, 2)
        return np.asarray((points + 0.5) / RULE.size, np.float32)


def gradient_maps(gray: NDArray[np.uint8]) -> Singles:
    """Gradients of a crop [H, W] by orientation: float32 [H, W, 8], each shared by the two nearest."""
    image = gray.astype(np.float32)
    across, down = cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)
    size, angle = cv2.cartToPolar(across, down)
    place = angle * (_ORIENTATIONS / (2 * np.pi))
    first = np.floor(place).astype(np.int64)
    share = place - first
    maps = np.zeros((*gray.shape, _ORIENTATIONS), np.float32)
    rows, columns = np.indices(gray.shape)
    maps[rows, columns, first % _ORIENTATIONS] = size * (1 - share)
    maps[rows, columns, (first + 1) % _ORIENTATIONS] += size * share
    return maps


def describe(maps: Singles, points: Singles, cell: int) -> Singles:
    """Descriptors of all points [68, 2], one after the other: float32 [8704], 4 x 4 cells a point."""
    pooled = cv2.blur(maps[..., : _ORIENTATIONS // 2], (cell, cell))
    pooled = np.concatenate([pooled, cv2.blur(maps[..., _ORIENTATIONS // 2 :], (cell, cell))], -1)
    middle = (np.arange(_ACROSS) - (_ACROSS - 1) / 2) * cell
    limit = maps.shape[0] - 1
    x, y = (np.clip(np.rint(points[:, axis, None] + middle), 0, limit).astype(np.int64) for axis in (0, 1))
    found = pooled[y[:, :, None], x[:, None, :]].reshape(POINTS, -1)
    found /= np.linalg.norm(found, axis=1, keepdims=True) + 1e-6
    found = np.minimum(found, _MOST)
    found /= np.linalg.norm(found, axis=1, keepdims=True) + 1e-6
    return found.ravel()


@dataclass(frozen=True)
class _Faces:
    """Gray crops [F, 160, 160] and points [F, 68, 2] in their pixels."""

    crops: NDArray[np.uint8]
    points: Singles


def _read(data: list[str]) -> tuple[_Faces, Singles]:
    """The faces with 68 points, their mirror images after them, and the offset to hand-placed five."""
    crops, points, pairs = [], [], []
    for face in gather_faces(samples_of(data, None, []), POINTS):
        if face.points is None:
            continue
        square = RULE.square(tight_box_of(face.sample))
        gray = cv2.cvtColor(cut(read_image(face.sample.image), square, RULE), cv2.COLOR_RGB2GRAY)
        crops.append(gray)
        points.append(square.to_crop(face.points) * RULE.size - 0.5)
        if face.five is not None:
            pairs.append((face.five, face.points))
    offset = fit_five_offset(pairs, scheme_of(POINTS))
    return _Faces(np.stack(crops), np.array(points, np.float32)), np.asarray(offset, np.float32)


def _starts(points: Singles, mean: Singles, random: np.random.Generator) -> Singles:
    """The mean shape of every face, moved and scaled as a detector's boxes are."""
    spread, side = mapping_of("mtfl"), RULE.size / RULE.scale
    shifts = random.normal(size=(len(points), 1, 2)) * (spread.sd_dx * side, spread.sd_dy * side)
    scales = np.exp(random.normal(size=(len(points), 1, 1)) * spread.sd_scale)
    middle = (RULE.size - 1) / 2
    return np.asarray((mean - middle) * scales + middle + shifts, np.float32)


def train(data: list[str], seed: int = 0) -> Cascade:
    """Fit all stages.

    Args:
        data: data sets as FORMAT:PATH; faces of 68 points are learned from, those that carry the
            hand-placed five too tell how both differ.
        seed: decides the starts.
    """
    faces, offset = _read(data)
    random = np.random.default_rng(seed)
    mirrored = flip_keypoints(faces.points, RULE.size - 1)
    mean = np.asarray((faces.points.mean(0) + mirrored.mean(0)) / 2, np.float32)
    # Every other start sees the face in the mirror.
    views = [(faces.points, False) if start % 2 == 0 else (mirrored, True) for start in range(_STARTS)]
    answers = [_starts(points, mean, random) for points, _ in views]
    steps = []
    for number, cell in enumerate(CELLS):
        step = _fit(faces, views, answers, cell)
        for (_, mirror), points in zip(views, answers, strict=True):
            for chosen, phi in _described(faces, points, mirror, cell):
                points[chosen] += (phi @ step.astype(np.float32)).reshape(-1, POINTS, 2)
        left = np.linalg.norm(answers[0] - views[0][0], axis=2).mean()
        out.print(f"stage {number + 1}: {left:.3f} pixels left of the crop's {RULE.size}")
        steps.append(step)
    return Cascade(mean, np.stack(steps), offset)


def _described(faces: _Faces, points: Singles, mirror: bool, cell: int) -> Iterator[tuple[slice, Singles]]:
    """Descriptors with a one behind them, [B, 8705], batch by batch, and which faces they are of."""
    for first in range(0, len(points), _BATCH):
        chosen = slice(first, min(first + _BATCH, len(points)))
        phi = np.ones((chosen.stop - first, _NUMBERS + 1), np.float32)
        for row, (crop, start) in enumerate(zip(faces.crops[chosen], points[chosen], strict=True)):
            gray = np.ascontiguousarray(crop[:, ::-1]) if mirror else crop
            phi[row, :-1] = describe(gradient_maps(gray), start, cell)
        yield chosen, phi


def _fit(
    faces: _Faces, views: list[tuple[Singles, bool]], answers: list[Singles], cell: int
) -> NDArray[np.float16]:
    """One stage: the ridge that does best on the last faces, fitted without them."""
    from scipy.linalg import cho_factor, cho_solve

    gram = np.zeros((_NUMBERS + 1, _NUMBERS + 1), np.float32)
    moments = np.zeros((_NUMBERS + 1, 2 * POINTS), np.float32)
    held: list[tuple[Singles, Singles]] = []
    edge = len(faces.crops) - _HELD_OUT
    for (truth, mirror), points in zip(views, answers, strict=True):
        for chosen, phi in _described(faces, points, mirror, cell):
            wanted = (truth[chosen] - points[chosen]).reshape(len(phi), -1)
            if chosen.stop > edge:
                held.append((phi, wanted))
                continue
            gram += phi.T @ phi
            moments += phi.T @ wanted
    size = float(np.trace(gram)) / len(gram)
    best: tuple[float, NDArray[np.float16]] | None = None
    for ridge in _RIDGES:
        within = gram.copy()
        within[np.diag_indices(_NUMBERS)] += ridge * size
        step = cho_solve(cho_factor(within, overwrite_a=True), moments).astype(np.float16)
        error = float(
            np.mean([np.abs(phi @ step.astype(np.float32) - wanted).mean() for phi, wanted in held])
        )
        out.print(f"  ridge {ridge:g}: {error:.4f}")
        if best is None or error < best[0]:
            best = error, step
    assert best is not None
    return best[1]


app = new_app("sdm", "Train the supervised descent method.")


@app.command()
def main(
    data: Annotated[list[str], typer.Option(help="FORMAT:PATH; repeatable: 68 points, and hand-placed five")],
    result: Annotated[Path, typer.Option("--out", help="where the weights go")] = WEIGHTS,
    seed: Annotated[int, typer.Option(help="decides the starts")] = 0,
) -> None:
    """Read, fit, write."""
    train(data, seed).save(result)


if __name__ == "__main__":
    run(app)

r"""SDM: a cascade of linear steps on descriptors around the points (Xiong and De la Torre, CVPR 2013).

    python -m benchmarks.systems.sdm --data coco:labels.json --data mtfl:PATH

x <- x + R phi(x) + b, four times; phi are descriptors as SIFT's, at one scale of an upright crop; R by
ridge regression over perturbed starts. Kept in float16: 9.5 MB, benchmarks/weights/sdm.npz.
"""

from __future__ import annotations

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
from facekp_train.metadata import FiveOffset
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
_STARTS, _HELD_OUT, _BATCH = 2, 500, 500
_RIDGES = (0.003, 0.01, 0.03)

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

    @property
    def offset(self) -> FiveOffset:
        """`five_offset` as model files have it."""
        return tuple((float(right), float(down)) for right, down in self.five_offset)

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
    """Gradients of a crop [H, W] by orientation: float32 [8, H, W], each shared by the two nearest."""
    image = gray.astype(np.float32)
    across, down = cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)
    size, angle = cv2.cartToPolar(across, down)
    place = angle * np.float32(_ORIENTATIONS / (2 * np.pi))
    maps = np.empty((_ORIENTATIONS, *gray.shape), np.float32)
    # In place: fresh memory would take longer than the arithmetic.
    for orientation, plane in enumerate(maps):
        np.abs(np.subtract(place, np.float32(orientation), out=plane), out=plane)
        if orientation == 0:
            np.minimum(plane, _ORIENTATIONS - plane, out=plane)  # the circle closes
        np.maximum(np.subtract(np.float32(1), plane, out=plane), 0, out=plane)
        np.multiply(plane, size, out=plane)
    return maps


def describe(maps: Singles, points: Singles, cell: int) -> Singles:
    """Descriptors of all points [68, 2], one after the other: float32 [8704], 4 x 4 cells a point."""
    side = maps.shape[-1]
    middle = (np.arange(_ACROSS) - (_ACROSS - 1) / 2) * cell
    x, y = (np.clip(np.rint(points[:, axis, None] + middle), 0, side - 1) for axis in (0, 1))
    cells = (y[:, :, None] * side + x[:, None, :]).astype(np.int64).ravel()
    pooled = np.stack([cv2.blur(plane, (cell, cell)).ravel()[cells] for plane in maps], -1)
    found = _unit(np.minimum(_unit(pooled.reshape(POINTS, -1)), _MOST))
    return np.asarray(found.ravel(), np.float32)


def _unit(rows: Singles) -> Singles:
    return rows / (np.linalg.norm(rows, axis=1, keepdims=True) + 1e-6)


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
    random = np.random.default_rng(seed)
    faces, offset = _read(data)
    # The last of them judge each stage: a list's end is of one kind.
    order = random.permutation(len(faces.crops))
    faces = _Faces(faces.crops[order], faces.points[order])
    mirrored = flip_keypoints(faces.points, RULE.size - 1)
    mean = np.asarray((faces.points.mean(0) + mirrored.mean(0)) / 2, np.float32)
    # Every other start sees the face in the mirror.
    views = [(faces.points, False) if start % 2 == 0 else (mirrored, True) for start in range(_STARTS)]
    answers = [_starts(points, mean, random) for points, _ in views]
    steps = []
    for number, cell in enumerate(CELLS):
        phi = _described(faces, views, answers, cell)
        steps.append(_fit(phi, views, answers))
        moves = [_moved(rows, steps[-1]) for rows in phi]
        answers = [points + move for points, move in zip(answers, moves, strict=True)]
        left = np.linalg.norm(answers[0] - views[0][0], axis=2).mean()
        out.print(f"stage {number + 1}: {left:.3f} pixels left of the crop's {RULE.size}")
    return Cascade(mean, np.stack(steps), offset)


def _described(
    faces: _Faces, views: list[tuple[Singles, bool]], answers: list[Singles], cell: int
) -> list[NDArray[np.float16]]:
    """Descriptors of every start with a one behind them: float16 [F, 8705] each."""
    phi = [np.ones((len(points), _NUMBERS + 1), np.float16) for points in answers]
    for face, crop in enumerate(faces.crops):
        maps = {mirror: gradient_maps(_seen(crop, mirror)) for mirror in {mirror for _, mirror in views}}
        for rows, points, (_, mirror) in zip(phi, answers, views, strict=True):
            rows[face, :-1] = describe(maps[mirror], points[face], cell)
    return phi


def _seen(crop: NDArray[np.uint8], mirror: bool) -> NDArray[np.uint8]:
    return np.ascontiguousarray(crop[:, ::-1]) if mirror else crop


def _moved(phi: NDArray[np.float16], step: NDArray[np.float16]) -> Singles:
    """How far a step moves the points of described faces: [F, 68, 2]."""
    wide = step.astype(np.float32)
    parts = [phi[first : first + _BATCH].astype(np.float32) @ wide for first in range(0, len(phi), _BATCH)]
    return np.concatenate(parts).reshape(-1, POINTS, 2)


def _fit(
    phi: list[NDArray[np.float16]], views: list[tuple[Singles, bool]], answers: list[Singles]
) -> NDArray[np.float16]:
    """One stage: the ridge that does best on the last faces, fitted without them."""
    from scipy.linalg import cho_factor, cho_solve
    from scipy.linalg.blas import ssyrk  # pyright: ignore[reportAttributeAccessIssue] - compiled

    gram = np.zeros((_NUMBERS + 1, _NUMBERS + 1), np.float32, order="F")
    moments = np.zeros((_NUMBERS + 1, 2 * POINTS), np.float32)
    wanted = [truth - points for (truth, _), points in zip(views, answers, strict=True)]
    edge = len(wanted[0]) - _HELD_OUT
    for rows, moves in zip(phi, wanted, strict=True):
        for first in range(0, edge, _BATCH):
            chosen = slice(first, min(first + _BATCH, edge))
            part = rows[chosen].astype(np.float32)
            gram = ssyrk(1.0, part.T, beta=1.0, c=gram, overwrite_c=True)  # the upper half
            moments += part.T @ moves[chosen].reshape(len(part), -1)
    size = float(np.trace(gram)) / len(gram)
    steps = []
    for ridge in _RIDGES:
        within = gram.copy(order="F")
        within[np.diag_indices(_NUMBERS)] += ridge * size
        steps.append(cho_solve(cho_factor(within, overwrite_a=True), moments).astype(np.float16))
    errors = [_error(phi, wanted, step, edge) for step in steps]
    out.print(
        ", ".join(f"ridge {ridge:g}: {error:.4f}" for ridge, error in zip(_RIDGES, errors, strict=True))
    )
    return steps[int(np.argmin(errors))]


def _error(
    phi: list[NDArray[np.float16]], wanted: list[Singles], step: NDArray[np.float16], edge: int
) -> float:
    """What a step leaves, in pixels, on the faces from `edge` on."""
    left = [_moved(rows[edge:], step) - moves[edge:] for rows, moves in zip(phi, wanted, strict=True)]
    return float(np.linalg.norm(np.concatenate(left), axis=2).mean())


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

"""What becomes of two faces' numbers when one passes in front of the other.

    python -m benchmarks.video.crossing --data mtfl:PATH --split validation --every 60 --out FILE.json

Neighboring photographs of the list make pairs: both faces, cut out by an ellipse, walk towards each other
over a third photograph's blurred colors, cross, and part. `kept`: each face ends with the number it began
with. `new`: a face that was hidden has a number of its own. `swapped`: a face ends with the other's number.
`said`: the tracks' `may_be` warned of it. For docs/results/video.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.progress import track

from facekp_export.detector import KeypointDetector
from facekp_export.tracking import TrackedFace, VideoTracker
from facekp_train.boxes import tight_box_of
from facekp_train.common.console import err, new_app, print_json, run
from facekp_train.common.files import write_json
from facekp_train.common.shipped import default_model
from facekp_train.datasets import open_dataset
from facekp_train.images import read_image
from facekp_train.samples import FaceSample, Image

_HEIGHT, _WIDTH, _SIDE, _RATE = 240, 420, 80, 30.0
# Speed of each face in its sides a second, and how far apart their ways lie, in sides.
WALKS = {"slow": 1.0, "quick": 3.0}
WAYS = {"on one line": 0.0, "half a face apart": 0.5}


def cutout(sample: FaceSample) -> tuple[Image, NDArray[np.float32]]:
    """A face with its hair, its tight box `_SIDE` wide, and the soft ellipse that cuts it out."""
    image, (x, y, side, _) = read_image(sample.image), tight_box_of(sample, prefer_listed=True)
    span = round(1.7 * _SIDE)
    scale = _SIDE / side
    move = np.array(
        [[scale, 0, span / 2 - scale * (x + side / 2)], [0, scale, 0.54 * span - scale * (y + side / 2)]]
    )
    cut = cv2.warpAffine(image, move, (span, span), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    across = np.linspace(-1, 1, span)
    mask = np.clip(6 * (1 - np.hypot(across[:, None], across / 0.8)), 0, 1)
    return np.asarray(cut, np.uint8), mask.astype(np.float32)


def frames(
    behind: FaceSample, front: FaceSample, ground: FaceSample, speed: float, way: float
) -> Iterator[Image]:
    """The walk: `behind` goes to the right, `front` to the left, from 1.6 sides off to 1.6 beyond."""
    blurred = cv2.GaussianBlur(read_image(ground.image), (0, 0), 12)
    back = cv2.resize(blurred, (_WIDTH, _HEIGHT)).astype(np.float32)
    parts = [cutout(behind), cutout(front)]
    noise = np.random.default_rng(0).normal(0, 4, back.shape).astype(np.float32)
    for along in np.arange(-1.6 * _SIDE, 1.6 * _SIDE, speed * _SIDE / _RATE):
        frame = back
        for (face, mask), turn in zip(parts, (1, -1), strict=True):
            x, y = _WIDTH / 2 + turn * along, _HEIGHT / 2 - turn * way * _SIDE / 2
            move = np.array([[1, 0, x - len(mask) / 2], [0, 1, y - len(mask) / 2]])
            alpha = cv2.warpAffine(mask, move, (_WIDTH, _HEIGHT))[..., None]
            frame = frame * (1 - alpha) + cv2.warpAffine(face, move, (_WIDTH, _HEIGHT)) * alpha
        # The same noise, elsewhere on each frame.
        noise = np.roll(noise, 7919)
        yield np.clip(frame + noise, 0, 255).astype(np.uint8)


def by_side(faces: list[TrackedFace]) -> list[TrackedFace] | None:
    """The two faces from left to right, None where not just two are seen."""
    return sorted(faces, key=lambda face: face.box[0]) if len(faces) == 2 else None


def outcome(detector: KeypointDetector, walk: Iterator[Image]) -> str:
    """What became of one pair."""
    tracker, first, last = VideoTracker(detector), None, None
    for number, frame in enumerate(walk):
        last = by_side(tracker.update(frame, number / _RATE))
        first = first or last
    if first is None or last is None:
        return "not both seen"
    before = [face.track for face in first]
    after = [face.track for face in reversed(last)]
    warning = "said" if any(face.may_be for face in last) else "unsaid"
    if after == before:
        return f"kept, {warning}"
    if after == before[::-1] or any(
        now in before and now != was for was, now in zip(before, after, strict=True)
    ):
        return f"swapped, {warning}"
    return f"new, {warning}"


app = new_app("video_crossing", "What becomes of two faces' numbers when they cross.")


@app.command()
def main(
    data: Annotated[str, typer.Option(help="a data set with one annotated face a photograph")],
    split: Annotated[str | None, typer.Option()] = None,
    every: Annotated[int, typer.Option(min=1, help="begin a pair at each Nth photograph")] = 1,
    out_path: Annotated[Path | None, typer.Option("--out", help="JSON file to write")] = None,
) -> None:
    """Print counts of pairs by walk as JSON, and write them."""
    cv2.setNumThreads(1)
    samples = list(open_dataset(data, split))
    starts = range(0, len(samples) - 2, every)
    detector = KeypointDetector.from_export(default_model())
    document: dict[str, object] = {"data": data.partition(":")[0], "split": split, "pairs": len(starts)}
    for walk, speed in WALKS.items():
        for way, apart in WAYS.items():
            outcomes = Counter(
                outcome(
                    detector, frames(samples[start], samples[start + 1], samples[start + 2], speed, apart)
                )
                for start in track(starts, f"{walk}, {way}", console=err, transient=True)
            )
            document[f"{walk}, {way}"] = dict(sorted(outcomes.items()))
    if out_path is not None:
        write_json(out_path, document)
    print_json(document)


if __name__ == "__main__":
    run(app)

"""What smoothing costs and gives: jitter on a still face, lag and error on a moving one.

    python -m benchmarks.video.motion --out benchmarks/results/video_motion.json
    python -m benchmarks.video.motion --data mtfl:PATH --split validation --every 300

Videos of 30 frames a second are made from the demo photo (or each Nth photograph of a data set), with a
camera's noise of its own on each frame. Jitter is the mean distance that a keypoint moves from one frame to
the next while the face is still. The moving face swings sideways by half its side; lag is the delay that
explains its keypoints' mean position best, and error their mean distance from where they were on the still
photograph, moved along. Distances are percent of the distance between the eyes. For docs/results/video.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.progress import track

from facekp_export.demo import demo_face, demo_photo
from facekp_export.detector import KeypointDetector
from facekp_export.finders.base import CallableFinder
from facekp_export.tracking import VideoTracker
from facekp_export.video.one_euro import OneEuro
from facekp_train.boxes import tight_box_of
from facekp_train.common.console import err, new_app, print_json, run
from facekp_train.common.files import write_json
from facekp_train.common.shipped import default_model
from facekp_train.datasets import open_dataset
from facekp_train.images import read_image
from facekp_train.landmarks import Doubles
from facekp_train.published_schemes import FIVE_OF_68
from facekp_train.samples import Box, Image

RATE = 30.0
# Standard deviation of a camera's noise, of 255 levels.
NOISES = (4.0, 10.0)
# Peak speeds of the swing, in the face's sides a second.
SPEEDS = (0.5, 1.5, 4.0)
_SWING = 0.5
_STILL_FRAMES, _MOVING_SECONDS = 60, 3.0


def noisy(image: Image, noise: float, random: np.random.Generator) -> Image:
    """With a camera's noise on each channel of each pixel."""
    if noise == 0:
        return image
    return np.clip(image + random.normal(0, noise, image.shape) + 0.5, 0, 255).astype(np.uint8)


def moved(image: Image, dx: float) -> Image:
    """The image shifted to the right by dx pixels, a fraction too; its edge is mirrored."""
    matrix = np.array([[1, 0, dx], [0, 1, 0]], np.float64)
    size = image.shape[1], image.shape[0]
    return np.asarray(cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REFLECT), np.uint8)


def swing(side: float, speed: float) -> tuple[Doubles, Doubles]:
    """Times, and the shift in pixels at each, of a swing of that peak speed."""
    times = np.arange(0, _MOVING_SECONDS, 1 / RATE)
    return times, _place(times, side, speed)


def _place(times: Doubles, side: float, speed: float) -> Doubles:
    return _SWING * side * np.sin(times * speed / _SWING)


def followed(
    detector: KeypointDetector, frames: Iterable[Image], smoothing: OneEuro | None
) -> tuple[Doubles, int]:
    """Keypoints [T, N, 2] of the first track, NaN where it was lost, and the number of tracks."""
    tracker = VideoTracker(detector, smoothing)
    rows, numbers = [], set()
    for number, frame in enumerate(frames):
        faces = {face.track: face.keypoints for face in tracker.update(frame, number / RATE)}
        numbers |= set(faces)
        rows.append(faces.get(1, np.full((detector.scheme.points, 2), np.nan)))
    return np.array(rows, np.float64), len(numbers)


def jitter(keypoints: Doubles) -> float:
    """Mean movement between two frames, in pixels."""
    return float(np.nanmean(np.hypot(*np.diff(keypoints, axis=0).T)))


def lag(keypoints: Doubles, times: Doubles, side: float, speed: float) -> float:
    """The delay in seconds that explains the mean keypoint's way best."""
    way = keypoints[..., 0].mean(axis=1)
    known = np.isfinite(way)
    delays = np.arange(-0.05, 0.4, 0.0005)
    misfits = [np.var(way[known] - _place(times[known] - delay, side, speed)) for delay in delays]
    return float(delays[int(np.argmin(misfits))])


def measure(
    image: Image, box: Box, smoothing: OneEuro | None, detector: KeypointDetector
) -> dict[str, float]:
    """Every figure of one photograph with one setting: percent of the eye distance, and milliseconds."""
    random = np.random.default_rng(0)
    side = max(box[2:])
    still = followed(detector, [image] * 3, None)[0][-1]
    left, right = (still[list(FIVE_OF_68[eye])].mean(axis=0) for eye in (0, 1))
    eyes = float(np.hypot(*(left - right)))
    result = {}
    for noise in NOISES:
        frames: Iterator[Image] = (noisy(image, noise, random) for _ in range(_STILL_FRAMES))
        result[f"jitter, noise {noise:g}"] = 100 * jitter(followed(detector, frames, smoothing)[0]) / eyes
    for speed in SPEEDS:
        times, places = swing(side, speed)
        frames = (noisy(moved(image, dx), NOISES[0], random) for dx in places)
        keypoints, tracks = followed(detector, frames, smoothing)
        truth = still + np.stack([places, np.zeros_like(places)], axis=-1)[:, None]
        away = float(np.nanmean(np.hypot(*(keypoints - truth).T)))
        result[f"lag, speed {speed:g}"] = 1000 * lag(keypoints, times, side, speed)
        result[f"error, speed {speed:g}"] = 100 * away / eyes
        result[f"seen, speed {speed:g}"] = 100 * float(np.isfinite(keypoints[:, 0, 0]).mean())
        result[f"tracks, speed {speed:g}"] = tracks
    return result


app = new_app("video_motion", "Jitter, lag and error of the tracker with and without its filter.")


@app.command()
def main(
    data: Annotated[str | None, typer.Option(help="a data set; without it the demo photo")] = None,
    split: Annotated[str | None, typer.Option()] = None,
    every: Annotated[int, typer.Option(min=1, help="use each Nth photograph")] = 1,
    out_path: Annotated[Path | None, typer.Option("--out", help="JSON file to write")] = None,
) -> None:
    """Print the means over all photographs as JSON, and write them."""
    cv2.setNumThreads(1)
    if data is None:
        photos = [(demo_photo(), demo_face()[1])]
    else:
        samples = list(open_dataset(data, split))[::every]
        photos = [(sample.image, tight_box_of(sample, prefer_listed=True)) for sample in samples]
    document: dict[str, object] = {"data": (data or "demo").partition(":")[0], "photographs": len(photos)}
    for name, smoothing in (("plain", None), ("filtered", OneEuro())):
        rows = []
        for path, box in track(photos, name, console=err, transient=True):
            # The face is the annotated one: a photograph may show several, and a finder is not on trial.
            finder = CallableFinder(lambda _, box=box: [box], "tight")
            detector = KeypointDetector.from_export(default_model(), finder=finder)
            rows.append(measure(read_image(path), box, smoothing, detector))
        document[name] = {key: round(float(np.mean([row[key] for row in rows])), 3) for key in rows[0]}
    if out_path is not None:
        write_json(out_path, document)
    print_json(document)


if __name__ == "__main__":
    run(app)

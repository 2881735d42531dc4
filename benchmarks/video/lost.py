"""How well the tracker's score tells a face that is still there from one that is lost.

    python -m benchmarks.video.lost --data mtfl:PATH --split validation --every 8 --out FILE.json

Every face is looked at from a box that lies off as between two frames. Then it is taken away: covered by a
piece of another photograph, by a flat color, or the box lies on another photograph's background. Partly
covered faces are listed beside them, as they are neither. The table goes to docs/results/video.md.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.progress import track
from scipy.stats import mannwhitneyu

from facekp_export.detector import KeypointDetector
from facekp_export.finders.base import overlap
from facekp_export.finders.blazeface import SHORT_RANGE, BlazeNet, Pyramid
from facekp_export.tracking import LOST_AT, VideoTracker
from facekp_train.boxes import mapping_of, refined_box, tight_box_of
from facekp_train.common.console import err, new_app, print_json, run
from facekp_train.common.files import write_json
from facekp_train.common.shipped import default_model
from facekp_train.crop import Square
from facekp_train.datasets import open_dataset
from facekp_train.images import read_image
from facekp_train.landmarks import Doubles
from facekp_train.samples import Box, FaceSample, Image

# Of the face's side: how far a box lies off, and the logarithm of how much too large it is.
_SHIFT, _GROWTH = 0.15, 0.1
GONE = ("covered by another photograph", "covered by a color", "on another's background")


def displaced(box: Box, random: np.random.Generator) -> Box:
    """The box as it lies after the face has moved on."""
    x, y, side, _ = box
    dx, dy = random.uniform(-_SHIFT, _SHIFT, 2) * side
    grown = side * float(np.exp(random.uniform(-_GROWTH, _GROWTH)))
    return x + dx + (side - grown) / 2, y + dy + (side - grown) / 2, grown, grown


def background(sample: FaceSample, random: np.random.Generator) -> tuple[Image, Box] | None:
    """A photograph and a square of it that its annotated face does not touch, if one is found."""
    image, face = read_image(sample.image), tight_box_of(sample, prefer_listed=True)
    height, width = image.shape[:2]
    room = (face[0] - 0.2 * face[2], face[1] - 0.4 * face[3], 1.4 * face[2], 1.6 * face[3])
    for _ in range(40):
        side = random.uniform(0.5, 1.3) * face[2]
        x, y = (random.uniform(0, max(1.0, length - side)) for length in (width, height))
        if x + side <= width and y + side <= height and overlap((x, y, side, side), room) == 0:
            return image, (x, y, side, side)
    return None


def covered(image: Image, area: Box, cover: Image) -> Image:
    """A copy of the image with the cover stretched over an area."""
    x, y, width, height = (round(value) for value in area)
    left, top = max(x, 0), max(y, 0)
    picture = image.copy()
    part = picture[top : max(y + height, 0), left : max(x + width, 0)]
    whole = cv2.resize(cover, (max(width, 1), max(height, 1)), interpolation=cv2.INTER_AREA)
    part[:] = whole[top - y :, left - x :][: part.shape[0], : part.shape[1]]
    return picture


def part_of(box: Box, share: float, random: np.random.Generator) -> Box:
    """The left, right or lower share of a box grown by a tenth."""
    x, y, side, _ = box
    x, y, side = x - 0.1 * side, y - 0.1 * side, 1.2 * side
    place = random.integers(3)
    if place == 2:
        return x, y + (1 - share) * side, side, share * side
    return x + (1 - share) * side * int(place), y, share * side, side


def scenes(
    image: Image, box: Box, other: FaceSample, random: np.random.Generator
) -> dict[str, tuple[Image, Box]]:
    """By name: a picture and the box at which the tracker looks."""
    x, y, side, _ = box
    looked = displaced(box, random)
    color = np.clip(random.normal(random.integers(0, 255, 3), 6, (64, 64, 3)), 0, 255).astype(np.uint8)
    result = {"the face": (image, looked)}
    away = background(other, random)
    if away is not None:
        photo, (left, top, span, _) = away
        patch = photo[round(top) : round(top + span), round(left) : round(left + span)]
        around = (x - side / 2, y - side / 2, 2 * side, 2 * side)
        inner = span / 1.3
        at = (left + (span - inner) / 2, top + (span - inner) / 2, inner, inner)
        result[GONE[0]] = (covered(image, around, patch), looked)
        result[GONE[2]] = (photo, at)
    whole = (x - 0.15 * side, y - 0.3 * side, 1.3 * side, 1.45 * side)
    result[GONE[1]] = (covered(image, whole, color), looked)
    for share in (0.3, 0.5, 0.7):
        picture = covered(image, part_of(box, share, random), color)
        result[f"{100 * share:.0f} % of the face covered"] = (picture, looked)
    return result


class Signals:
    """What might tell lost from found; the larger the surer that it is lost."""

    def __init__(self) -> None:
        self.detector = KeypointDetector.from_export(default_model())
        self.tracker = VideoTracker(self.detector)
        self._blaze = BlazeNet(SHORT_RANGE)

    def settled(self, image: Image, box: Box) -> Box:
        """The tight box after three passes."""
        keypoints = self.detector.detect(image, [box])[0].keypoints
        return self.tracker.look(image, [refined_box(keypoints, box)])[0].box

    def of(self, image: Image, box: Box) -> dict[str, float]:
        (look,) = self.tracker.look(image, [box])
        first, second = (
            self.detector.detect(image, [box], refine=refine)[0].keypoints for refine in (False, True)
        )
        x, y, side, _ = refined_box(first, box)
        views = Square(x + side / 2, y + side / 2, 2 * side)
        boxes, scores = self._blaze.look(Pyramid(image), views)
        to_tight = mapping_of(SHORT_RANGE.box_source).to_tight
        corners = boxes - np.pad(boxes[:, 2:] / 2, ((0, 0), (0, 2)))
        hits = [
            s for b, s in zip(corners, scores, strict=True) if overlap(to_tight(tuple(b)), look.box) >= 0.4
        ]
        return {
            "two looks, the second mirrored (used)": (1 / look.score - 1) ** 0.5 * LOST_AT,
            "two looks alike": float(np.hypot(*(first - second).T).mean()) / side,
            "BlazeFace's score around it": 1 - float(max(hits, default=0.0)),
        }


def auc(present: Doubles, lost: Doubles) -> float:
    """Share of (present, lost) pairs in the right order, ties half."""
    return float(mannwhitneyu(lost, present).statistic / len(present) / len(lost))


def summary(values: dict[str, dict[str, list[float]]]) -> dict[str, object]:
    """By signal: AUC against each kind of loss; for the signal in use the error rates at its threshold."""
    document: dict[str, object] = {
        "threshold": LOST_AT,
        "faces": len(next(iter(values.values()))["the face"]),
    }
    for name, cases in values.items():
        arrays = {case: np.array(numbers) for case, numbers in cases.items()}
        gone = np.concatenate([arrays[case] for case in GONE])
        entry: dict[str, object] = {
            "auc": {
                case: round(auc(arrays["the face"], arrays[case]), 4) for case in arrays if case != "the face"
            },
            "auc_all": round(auc(arrays["the face"], gone), 4),
            "quantiles": {
                case: np.quantile(v, (0.01, 0.5, 0.95, 0.98, 0.99, 0.995)).round(4).tolist()
                for case, v in arrays.items()
            },
        }
        if "used" in name:
            entry["called lost"] = {case: round(float((v > LOST_AT).mean()), 4) for case, v in arrays.items()}
            entry["n"] = {case: len(v) for case, v in arrays.items()}
        document[name] = entry
    return document


app = new_app("video_lost", "How well the tracker's score tells lost faces from found ones.")


@app.command()
def main(
    data: Annotated[str, typer.Option(help="a data set with one annotated face a photograph")],
    split: Annotated[str | None, typer.Option()] = None,
    every: Annotated[int, typer.Option(min=1, help="use each Nth photograph")] = 1,
    out_path: Annotated[Path | None, typer.Option("--out", help="JSON file to write")] = None,
) -> None:
    """Print the AUCs and error rates as JSON, and write them."""
    cv2.setNumThreads(1)
    random = np.random.default_rng(0)
    samples = list(open_dataset(data, split))
    signals = Signals()
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for sample in track(samples[::every], "looking", console=err, transient=True):
        image = read_image(sample.image)
        box = signals.settled(image, tight_box_of(sample, prefer_listed=True))
        other = samples[random.integers(len(samples))]
        for case, (picture, looked) in scenes(image, box, other, random).items():
            for name, value in signals.of(picture, looked).items():
                values[name][case].append(value)
    document = {"data": data.partition(":")[0], "split": split, "every": every, **summary(values)}
    if out_path is not None:
        write_json(out_path, document)
    print_json(document)


if __name__ == "__main__":
    run(app)

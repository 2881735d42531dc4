"""How well a face's confidence ranks the errors of its keypoints.

    python -m benchmarks.confidence --data mtfl:PATH --split validation --count 1500 --out FILE.json

Each way is the detector or the tracker as a user calls it, from the listed boxes. AURC is the area under the
risk-coverage curve: the mean NME of the most confident faces, over every share of them that is kept. The
excess is its distance from an oracle's that knows the errors, over that of a random order: 0 is perfect, 1
is chance. The table goes to docs/results/detection.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import track

from facekp_export.detector import KeypointDetector
from facekp_export.inference.confidence import GOOD_BELOW
from facekp_export.tracking import VideoTracker
from facekp_train.common.console import UserError, err, new_app, run
from facekp_train.common.files import sha256_of, write_json
from facekp_train.common.shipped import default_model
from facekp_train.datasets import open_dataset
from facekp_train.evaluation.evaluate import Answers
from facekp_train.images import read_image
from facekp_train.landmarks import Doubles, Floats
from facekp_train.samples import FaceSample, evenly

WAYS: dict[str, dict[str, Any]] = {
    "refined (default)": {},
    "mirrored, one crop": {"refine": False, "flip_average": True},
    "refined and mirrored (`flip_average`)": {"flip_average": True},
}
TRACKED = "a video's two looks"
Judged = tuple[Floats, float]


def judged(detector: KeypointDetector, tracker: VideoTracker, sample: FaceSample) -> dict[str, Judged]:
    """Keypoints [N, 2] and confidence of one face, by way."""
    if sample.box is None:
        raise UserError(f"{sample.image} has no listed box; use a data set with boxes, such as mtfl:PATH")
    image, found = read_image(sample.image), {}
    for way, options in WAYS.items():
        (face,) = detector.detect(image, [sample.box], sample.box_source, **options)
        found[way] = (face.keypoints, face.confidence)
    (look,) = tracker.look(image, [detector.mapping(sample.box_source).to_tight(sample.box)])
    found[TRACKED] = (look.keypoints, look.confidence)
    if any(confidence is None for _, confidence in found.values()):
        raise UserError(f"{detector.info.name} has no confidence: its keypoints do not tell a box to refine")
    return found


def aurc(errors: Doubles, confidence: Doubles) -> float:
    """The area under the risk-coverage curve, in the unit of the errors [F]."""
    kept = errors[np.argsort(-confidence, kind="stable")]
    return float((np.cumsum(kept) / np.arange(1, len(kept) + 1)).mean())


def figures(samples: list[FaceSample], faces: list[Judged], detector: KeypointDetector) -> dict[str, float]:
    """One way's row: errors in percent."""
    points = [np.asarray(points, np.float64) for points, _ in faces]
    evaluation = Answers(
        samples=samples, predicted=points, sides=[1.0] * len(samples), scheme=detector.scheme,
        five_offset=detector.info.five_offset,
    ).score()  # fmt: skip
    errors, sure = evaluation.errors, np.array([sure for _, sure in faces])[evaluation.counted]
    area, oracle, chance = aurc(errors, sure), aurc(errors, -errors), float(errors.mean())
    least = sure <= np.quantile(sure, 0.05)
    row = {
        "nme": chance, "aurc": area, "oracle": oracle, "excess": (area - oracle) / (chance - oracle),
        "confidence": float(sure.mean()), "good": float((errors < GOOD_BELOW).mean()),
        "confidence_least": float(sure[least].mean()),
        "good_least": float((errors[least] < GOOD_BELOW).mean()),
    }  # fmt: skip
    return {name: round(value, 4) for name, value in row.items()}


def print_table(entry: dict[str, Any]) -> None:
    """One model's figures as a Markdown table."""
    print(f"\n{entry['model']}\n")
    print("| looks | NME | AURC | oracle | excess | mean confidence, share good | of the least sure 20th |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for way, row in entry["ways"].items():
        cells = [f"{row[name]:.2f} %" for name in ("nme", "aurc", "oracle")] + [f"{row['excess']:.3f}"]
        cells += [f"{row['confidence' + part]:.2f}, {row['good' + part]:.2f}" for part in ("", "_least")]
        print(f"| {way} | {' | '.join(cells)} |")


app = new_app("confidence", "How well a face's confidence ranks the errors of its keypoints.")


@app.command()
def main(
    data: Annotated[str, typer.Option(help="a data set with boxes")],
    out: Annotated[Path, typer.Option(help="JSON file for the figures")],
    model: Annotated[list[Path], typer.Option(help=".tflite or .onnx; repeatable")] = [],  # noqa: B006
    split: Annotated[str | None, typer.Option()] = None,
    count: Annotated[int, typer.Option(min=10, help="faces, spread over the split")] = 1500,
) -> None:
    """Measure every way on the same faces and print a Markdown table a model."""
    samples = list(open_dataset(data, split))
    samples = [samples[place] for place in evenly(len(samples), count)]
    document: dict[str, Any] = {
        "data": data.partition(":")[0], "split": split, "faces": len(samples), "models": [],
    }  # fmt: skip
    for path in model or [default_model()]:
        detector = KeypointDetector.from_export(path)
        tracker = VideoTracker(detector)
        faces = [judged(detector, tracker, s) for s in track(samples, path.parent.name, console=err)]
        ways = {way: figures(samples, [face[way] for face in faces], detector) for way in faces[0]}
        entry = {"model": f"{path.parent.name}/{path.name}", "sha256": sha256_of(path), "ways": ways}
        document["models"].append(entry)
        print_table(entry)
    write_json(out, document)


if __name__ == "__main__":
    run(app)

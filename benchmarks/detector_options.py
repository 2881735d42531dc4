"""What refining, mirroring and finding faces oneself change in the detector's error.

    python -m benchmarks.detector_options --data mtfl:PATH --split validation --every 4 --out FILE.json

Each way is `KeypointDetector.detect` as a user calls it, on the photographs as they are. With a finder,
the face that counts is the one whose keypoints' box shares most with the annotated face's; photographs
on which none touches it count as not found, and the other ways are also measured without them.
The table goes to docs/results/detection.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.progress import track

from facekp_export.detector import KeypointDetector
from facekp_export.finders.base import overlap
from facekp_export.inference.metadata import ModelInfo
from facekp_train.boxes import tight_box_of
from facekp_train.common.console import UserError, err, new_app, run
from facekp_train.common.files import sha256_of, write_json
from facekp_train.common.shipped import default_model
from facekp_train.crop import tight_box
from facekp_train.datasets import open_dataset
from facekp_train.evaluation.evaluate import Answers
from facekp_train.images import read_image
from facekp_train.landmarks import Floats
from facekp_train.samples import FaceSample

WAYS: dict[str, dict[str, Any]] = {
    "listed box, one crop": {"refine": False},
    "listed box, refined": {},
    "listed box, refined, averaged with the mirrored crop": {"flip_average": True},
}
FOUND = "box of the default finder, refined"


def answers_to(detector: KeypointDetector, sample: FaceSample) -> dict[str, Floats]:
    """The face's keypoints [N, 2] by way; `FOUND` is missing where the finder does not see the face."""
    if sample.box is None:
        raise UserError(f"{sample.image} has no listed box; use a data set with boxes, such as mtfl:PATH")
    image = read_image(sample.image)
    given: dict[str, Floats] = {
        way: detector.detect(image, [sample.box], sample.box_source, **options)[0].keypoints
        for way, options in WAYS.items()
    }
    truth = tight_box_of(sample, prefer_listed=False)
    shares = [(overlap(tight_box(f.keypoints), truth), f.keypoints) for f in detector.detect(image)]
    share, points = max(shares, key=lambda pair: pair[0], default=(0.0, None))
    return given if points is None or share == 0 else given | {FOUND: points}


def figures(info: ModelInfo, samples: list[FaceSample], predicted: list[Floats]) -> dict[str, Any]:
    """NME over the data's first normaliser and the share of faces above 10 %, both in percent."""
    points = [np.asarray(each, np.float64) for each in predicted]
    answers = Answers(
        samples=samples, predicted=points, sides=[1.0] * len(samples), scheme=info.scheme,
        five_offset=info.five_offset,
    )  # fmt: skip
    evaluation = answers.score()
    return {
        "n": evaluation.n,
        "nme": round(evaluation.nme[evaluation.normaliser], 3),
        "above_10": round(evaluation.failure_rate["10"], 2),
    }


def print_table(entry: dict[str, Any]) -> None:
    """One model's figures as a Markdown table."""

    def cell(row: dict[str, Any] | None) -> str:
        return "" if row is None else f"{row['nme']:.2f} %, {row['above_10']:.1f} %"

    faces = next(iter(entry["all"].values()))["n"]
    print(f"\n{entry['model']}: {faces} faces, {entry['not_found']} of them not found\n")
    print("| the face comes by | all faces: NME, above 10 % | where found |\n| --- | --- | --- |")
    for way, row in entry["where_found"].items():
        print(f"| {way} | {cell(entry['all'].get(way))} | {cell(row)} |")


app = new_app("detector_options", "The detector's error by how its faces come to it.")


@app.command()
def main(
    data: Annotated[str, typer.Option(help="a data set with boxes and one annotated face a photograph")],
    out: Annotated[Path, typer.Option(help="JSON file for the figures")],
    model: Annotated[list[Path], typer.Option(help=".tflite or .onnx; repeatable")] = [],  # noqa: B006
    split: Annotated[str | None, typer.Option()] = None,
    every: Annotated[int, typer.Option(min=1, help="use each Nth photograph")] = 4,
) -> None:
    """Measure every way on the same faces and print a Markdown table."""
    samples = [sample for index, sample in enumerate(open_dataset(data, split)) if index % every == 0]
    document: dict[str, Any] = {"data": data.partition(":")[0], "split": split, "every": every, "models": []}
    for path in model or [default_model()]:
        detector = KeypointDetector.from_export(path)
        by_face = [answers_to(detector, s) for s in track(samples, path.parent.name, console=err)]
        places = [place for place, answers in enumerate(by_face) if FOUND in answers]
        info = detector.info
        rows = {way: figures(info, samples, [answers[way] for answers in by_face]) for way in WAYS}
        faces = [samples[place] for place in places]
        where_found = {
            way: figures(info, faces, [by_face[place][way] for place in places]) for way in [*WAYS, FOUND]
        }
        entry = {
            "model": f"{path.parent.name}/{path.name}", "sha256": sha256_of(path), "all": rows,
            "not_found": len(samples) - len(places), "where_found": where_found,
        }  # fmt: skip
        document["models"].append(entry)
        print_table(entry)
    write_json(out, document)


if __name__ == "__main__":
    run(app)

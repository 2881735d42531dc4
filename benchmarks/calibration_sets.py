"""What the int8 files of the shipped models lose when their ranges come from different crops.

    python -m benchmarks.calibration_sets --data mtfl:PATH

Each set of crops calibrates an int8 TFLite and an int8 ONNX file of each model; both are compared with
PyTorch on faces of the data set's validation list, cropped around the listed boxes: mean and largest
distance of the keypoints in pixels of the crop, and NME over the five hand-placed points. Real faces
come from the training list. Rows go to benchmarks/results/calibration_sets.json as they are measured;
those that stand there already are kept, so that the command can be stopped: delete the file to
measure anew.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from facekp_export.quantization.calibration import (
    CALIBRATION_CROPS,
    crop_sets,
    demo_views,
    with_full_range,
)
from facekp_export.quantization.distilled_crops import COUNT, distilled_crops, smooth_noise
from facekp_train.boxes import tight_box_of
from facekp_train.common.console import new_app, print_json, run, say
from facekp_train.common.files import sha256_of, write_json
from facekp_train.common.shipped import shipped_models_dir
from facekp_train.crop import CropRule, cut
from facekp_train.datasets import open_dataset
from facekp_train.evaluation.metrics import score
from facekp_train.images import read_image
from facekp_train.implied_five import implied_five
from facekp_train.metadata import FiveOffset
from facekp_train.samples import Crops, evenly

_RESULT = Path(__file__).parent / "results" / "calibration_sets.json"
_MODELS = ("mdp-0.25x", "mdp-1x")

app = new_app("calibration_sets", "int8 error of the shipped models by what calibrated them.")


@dataclass
class Judges:
    """Validation faces: crops uint8 [B, S, S, 3], their five points [B, 5, 2] in [0, 1] of the crop.

    five_offset: of the model that is judged.
    """

    crops: Crops
    five: np.ndarray
    five_offset: FiveOffset | None = None

    def nme(self, points: np.ndarray) -> float:
        """Percent of the eye distance, of keypoints [B, 68, 2]."""
        result = score(implied_five(points, offset=self.five_offset), self.five)
        return round(result.nme[result.normaliser], 4)


@app.command()
def main(
    data: Annotated[str, typer.Option(help="Faces with five points, FORMAT:PATH, such as mtfl:PATH.")],
    faces: Annotated[int, typer.Option(min=20, help="Validation faces to judge by.")] = 400,
    result: Annotated[Path, typer.Option("--out", help="Where the JSON goes.")] = _RESULT,
) -> None:
    """Measure every model with every set of calibration crops."""
    from facekp_train.networks.checkpoint import load_checkpoint

    rows = json.loads(result.read_text(encoding="utf-8"))["rows"] if result.exists() else []
    hashes = {name: sha256_of(shipped_models_dir() / name / "model.safetensors") for name in _MODELS}
    rows = [row for row in rows if row["sha256"] == hashes[row["model"]]]  # an earlier model's say nothing
    for name in _MODELS:
        path = shipped_models_dir() / name / "model.safetensors"
        checkpoint = load_checkpoint(path)
        rule = checkpoint.header.crop_rule
        open_rows = [s for s in _sets(data, rule) if (name, s) not in {(r["model"], r["set"]) for r in rows}]
        if not open_rows:
            continue
        judges = replace(judges_of(data, rule, faces), five_offset=checkpoint.header.five_offset)
        for calibration in open_rows:
            say(f"{name}: {calibration}")
            crops = with_full_range(_sets(data, rule)[calibration]())
            figures = measure(checkpoint, crops, judges)
            row = {"model": name, "sha256": hashes[name], "set": calibration, "crops": len(crops)}
            rows.append({**row, **figures})
            document = {"data": data.partition(":")[0], "faces": len(judges.crops), "rows": rows}
            write_json(result, document)
    print_json(rows)


def _sets(data: str, rule: CropRule) -> dict[str, Callable[[], Crops]]:
    """The sets that calibrate, by name, each made when it is called."""
    size = rule.size

    def mix() -> Crops:
        return np.concatenate([distilled_crops(size), demo_views(rule, CALIBRATION_CROPS - COUNT)])

    return {
        "demo views": lambda: demo_views(rule, CALIBRATION_CROPS),
        "distilled": lambda: distilled_crops(size),
        "mix": mix,
        "faces": lambda: crop_sets(data, rule).calibration,
        "noise": lambda: _seen(smooth_noise(COUNT, size, 0)),
    }


def _seen(noise: np.ndarray) -> Crops:
    """What distillation begins with, as crops."""
    return (255 / (1 + np.exp(-noise))).round().astype(np.uint8).transpose(0, 2, 3, 1)


def judges_of(data: str, rule: CropRule, count: int) -> Judges:
    """Faces spread over the validation list."""
    samples = list(open_dataset(data, "validation"))
    crops, five = [], []
    for index in evenly(len(samples), count):
        sample = samples[index]
        square = rule.square(tight_box_of(sample, prefer_listed=True))
        crops.append(cut(read_image(sample.image), square, rule))
        five.append(square.to_crop(sample.keypoints))
    return Judges(np.stack(crops), np.stack(five))


def measure(checkpoint: Any, crops: Crops, judges: Judges) -> dict[str, Any]:
    """The figures of both int8 files that the crops calibrate."""
    import onnx

    from facekp_export.conversion.to_onnx import to_onnx
    from facekp_export.conversion.to_tflite import TfliteConverter
    from facekp_export.inference.metadata import ModelInfo, onnx_with_info, tflite_with_info
    from facekp_export.inference.noise import noise_in
    from facekp_export.inference.runtimes import open_model
    from facekp_export.quantization.equalize import equalize
    from facekp_export.quantization.quantize_onnx import quantize_onnx
    from facekp_export.verification.verify import deviation
    from facekp_train.boxes import box_mappings
    from facekp_train.networks.keypoint_net import DeployedNet

    rule, scheme = checkpoint.header.crop_rule, checkpoint.header.scheme
    exact = checkpoint.predict(judges.crops)
    figures: dict[str, Any] = {"torch_nme": judges.nme(exact)}
    with tempfile.TemporaryDirectory() as folder, noise_in(Path(folder) / "log"):
        model = equalize(to_onnx(DeployedNet(checkpoint.net), rule.size), crops)
        for kind, name in (("int8", "a.tflite"), ("onnx_int8", "a.onnx")):
            info = ModelInfo("measured", scheme, kind, rule, box_mappings(), "0" * 64, "none")
            path = Path(folder) / name
            if kind == "int8":
                path.write_bytes(tflite_with_info(TfliteConverter(model, crops).convert(kind), info))
            else:
                onnx.save(onnx_with_info(quantize_onnx(model, crops), info), str(path))
            answers = open_model(path).predict(judges.crops)
            difference = deviation(answers, exact, rule.size)
            figures[kind] = {
                "mean_px": round(difference.mean_px, 4),
                "max_px": round(difference.max_px, 3),
                "nme": judges.nme(answers),
            }
    return figures


if __name__ == "__main__":
    run(app)

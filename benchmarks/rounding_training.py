"""What `facekp-train quantize-aware` mends, beside the same training without rounding.

    python -m benchmarks.rounding_training --model models/mdp-0.25x/model.safetensors --narrow 60 \
        --data coco:LABELS.json --judges mtfl:PATH --out FILE.json

The net may first be spoilt for int8: half the channels inside some blocks are made narrower and what
reads them makes up for it, which changes nothing in float but where ReLU6 cut off. Then it trains on
twice from there, with rounding and without, by one recipe. Every net is converted with the default
calibration crops and compared with PyTorch on faces of the judges' validation list. The table goes to
docs/results/quantization.md.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from benchmarks.calibration_sets import Judges, judges_of, measure
from facekp_export.quantization.calibration import crop_sets, with_full_range
from facekp_train.common.console import new_app, run, say
from facekp_train.common.files import sha256_of, write_json
from facekp_train.networks.checkpoint import load_checkpoint, save_checkpoint
from facekp_train.training.fit import fit
from facekp_train.training.initial import start_from
from facekp_train.training.recipe import make_recipe

_BLOCKS = (3, 5, 8, 12)


@dataclass(frozen=True)
class Row:
    """A net: how far its int8 TFLite file lies from PyTorch in pixels of the crop, and NME in percent."""

    training: str
    mean_px: float
    max_px: float
    nme_float: float
    nme_int8: float


def spoil(model: Path, factor: float, target: Path) -> None:
    """Write a MobileNetV2's checkpoint with every other channel inside the blocks narrower by the factor."""
    checkpoint = load_checkpoint(model)
    weights = dict(checkpoint.net.named_parameters())
    with torch.no_grad():
        for block in (f"backbone.features.{number}.conv" for number in _BLOCKS):
            weights[f"{block}.1.1.weight"][::2] /= factor
            weights[f"{block}.1.1.bias"][::2] /= factor
            weights[f"{block}.2.weight"][:, ::2] *= factor
    save_checkpoint(target, checkpoint.net, checkpoint.header)


def row_of(training: str, model: Path, judges: Judges) -> Row:
    """The figures of a checkpoint."""
    checkpoint = load_checkpoint(model)
    rule = checkpoint.header.crop_rule
    figures = measure(checkpoint, with_full_range(crop_sets(None, rule).calibration), judges)
    int8 = figures["int8"]
    return Row(training, int8["mean_px"], int8["max_px"], figures["torch_nme"], int8["nme"])


app = new_app("rounding_training", "What training with rounding mends.")


@app.command()
def main(
    model: Annotated[Path, typer.Option(help="the checkpoint")],
    data: Annotated[str, typer.Option(help="training faces of its scheme, FORMAT:PATH")],
    judges: Annotated[str, typer.Option(help="faces with five points and a validation list, FORMAT:PATH")],
    out: Annotated[Path, typer.Option(help="JSON file for the figures")],
    work: Annotated[Path, typer.Option(help="folder of the training runs")] = Path("runs/rounding"),
    narrow: Annotated[float, typer.Option(min=1, help="spoil the net first, by this factor")] = 1.0,
    epochs: Annotated[int, typer.Option(min=1)] = 3,
    rate: Annotated[float, typer.Option(help="learning rate")] = 3e-4,
    faces: Annotated[int, typer.Option(min=20, help="validation faces to judge by")] = 400,
) -> None:
    """Measure the net, train it on both ways, measure again."""
    work.mkdir(parents=True, exist_ok=True)
    start = work / "start.safetensors"
    spoil(model, narrow, start)
    judged = judges_of(judges, load_checkpoint(start).header.crop_rule, faces)
    rows = [row_of("none", start, judged)]
    for training, rounds in (("with rounding", True), ("without", False)):
        say(str(training))
        options: dict[str, Any] = {
            "data": [data], "validation": [judges], "validation_split": "validation", "epochs": epochs,
            "learning_rate": rate, "quantize": rounds, **start_from(start),
        }  # fmt: skip
        fit(make_recipe("quantize-aware", options, []), work / training.replace(" ", "-"))
        rows.append(row_of(training, work / training.replace(" ", "-") / "best.safetensors", judged))
    document = {
        "model": f"{model.parent.name}/{model.name}", "sha256": sha256_of(model), "narrowed": narrow,
        "blocks": _BLOCKS, "epochs": epochs, "learning_rate": rate, "faces": faces,
        "rows": [asdict(row) for row in rows],
    }  # fmt: skip
    write_json(out, document)
    for row in rows:
        print(f"| {row.training} | {row.mean_px:.2f} | {row.nme_float:.2f} | {row.nme_int8:.2f} |")


if __name__ == "__main__":
    run(app)

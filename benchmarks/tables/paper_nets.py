"""The operators of the paper's nets, for the predictor of facekp-bench: android_bench/predict/nets.json.

facekp-export --backbone resnet-50 --untrained --out exports/r50
python benchmarks/tables/paper_nets.py exports/r50/model_float32.tflite
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from facekp_export.inference.layers import read_layers
from facekp_train.common.console import new_app, out, run
from facekp_train.common.files import package_file, write_text
from facekp_train.common.shipped import shipped_models_dir

NETS = package_file("android_bench.predict", "nets.json")
FILE = "model_float32.tflite"


def rows(path: Path) -> list[list]:
    """Operator, kind, shape, MACs, bytes of weights and of activations, as `fit.paper_nets` reads them."""
    return [
        [layer.operator, layer.kind, layer.shape, layer.macs, layer.weight_bytes, layer.activation_bytes]
        for layer in read_layers(path)
    ]


app = new_app("paper_nets", "The operators of the paper's nets.")


@app.command()
def main(
    resnet: Annotated[Path, typer.Argument(help="float32 .tflite file of a ResNet-50 at 128 x 128")],
) -> None:
    """Write nets.json; the other two nets are the shipped ones."""
    models = shipped_models_dir()
    files = {"ResNet-50": resnet, "1X": models / "mdp-1x" / FILE, "0.25X": models / "mdp-0.25x" / FILE}
    nets = (
        f'"{name}": [\n' + ",\n".join(json.dumps(row) for row in rows(path)) + "\n]"
        for name, path in files.items()
    )
    write_text(NETS, "{\n" + ",\n".join(nets) + "\n}\n")
    out.print(f"wrote {NETS}")


if __name__ == "__main__":
    run(app)

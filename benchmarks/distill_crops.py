"""Make the crops that calibrate int8 files by default: facekp_export/demo/distilled.jpg.

    python -m benchmarks.distill_crops

They are distilled from the batch-norm statistics of models/teacher
(facekp_export/quantization/distilled_crops.py). The statistics' distance before and after, with the
settings, goes to benchmarks/results/distill_crops.json.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from facekp_export.quantization.distilled_crops import (
    COUNT,
    PICTURE,
    distill,
    distilled_crops,
    statistics_distance,
    write_sheet,
)
from facekp_train.common.console import err, new_app, print_json, run
from facekp_train.common.files import sha256_of, write_json
from facekp_train.common.process import keep_freed_memory
from facekp_train.common.shipped import shipped_models_dir

_RESULT = Path(__file__).parent / "results" / "distill_crops.json"

app = new_app("distill_crops", "Crops distilled from the teacher's batch-norm statistics.")


@app.command()
def main(
    steps: Annotated[int, typer.Option(min=1, help="Steps of the optimizer.")] = 50,
    seed: Annotated[int, typer.Option(help="Decides the noise that it begins with.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 1,
) -> None:
    """Distill, write the picture, and say how near its crops came as JPEG left them."""
    import torch

    from facekp_train.networks.checkpoint import load_checkpoint

    torch.set_num_threads(threads)
    keep_freed_memory()
    path = shipped_models_dir() / "teacher" / "model.safetensors"
    net = load_checkpoint(path).net
    distances: list[float] = []
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("distilling", total=steps)

        def note(_: int, distance: float) -> None:
            distances.append(distance)
            bar.advance(task)

        write_sheet(distill(net, COUNT, steps, seed, note))
    stored = torch.from_numpy(distilled_crops(net.config.size)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        left = float(statistics_distance(net, stored.float()))
    document = {
        "net": "models/teacher", "sha256": sha256_of(path), "crops": COUNT, "steps": steps, "seed": seed,
        "distance": {"noise": round(distances[0], 4), "picture": round(left, 4)},
        "bytes": PICTURE.stat().st_size,
    }  # fmt: skip
    write_json(_RESULT, document)
    print_json(document)


if __name__ == "__main__":
    run(app)

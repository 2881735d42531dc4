"""The command facekp-train: registers what stands in `commands`."""

from __future__ import annotations

from facekp_train.commands.data import data
from facekp_train.commands.distill import distill
from facekp_train.commands.evaluate import evaluate
from facekp_train.commands.fit import fit
from facekp_train.commands.label import label
from facekp_train.commands.prune import prune
from facekp_train.commands.quantize_aware import quantize_aware
from facekp_train.commands.run import run_all
from facekp_train.commands.study import study
from facekp_train.common.console import new_app, run
from facekp_train.common.process import keep_freed_memory, wait_asleep

app = new_app(
    "facekp-train",
    "Train face-keypoint models, look at the data, measure the result.",
    ("numpy", "opencv-python", "torch", "torchvision", "lightning-fabric", "safetensors"),
)


app.command()(data)
app.command()(evaluate)
app.command()(fit)
app.command()(label)
app.command()(distill)
app.command()(prune)
app.command("quantize-aware")(quantize_aware)
app.command("run")(run_all)
app.command()(study)


def main() -> None:
    """Run the command line."""
    keep_freed_memory()
    wait_asleep()
    run(app)

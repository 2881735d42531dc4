"""The command facekp-export: registers what stands in `commands`."""

from __future__ import annotations

from facekp_export.commands.boxes import boxes
from facekp_export.commands.check import check
from facekp_export.commands.export import export
from facekp_export.commands.layers import layers
from facekp_export.commands.models import models
from facekp_export.inference.noise import this_process_is_ours
from facekp_train.common.console import new_app, run
from facekp_train.common.process import keep_freed_memory, wait_asleep

app = new_app(
    "facekp-export",
    "Export a checkpoint to ONNX and TFLite files, each verified against it.",
    (
        "numpy",
        "opencv-python",
        "torch",
        "onnx",
        "onnxsim",
        "onnxruntime",
        "onnx2tf",
        "tensorflow",
        "ai-edge-litert",
    ),
)


app.callback(invoke_without_command=True)(export)
app.command()(check)
app.command()(boxes)
app.command()(layers)
app.command()(models)


def main() -> None:
    """Run the command line."""
    this_process_is_ours()
    keep_freed_memory()
    wait_asleep()
    run(app)

"""The command facekp-detect: registers what stands in `commands`."""

from __future__ import annotations

from facekp_export.commands.detect import detect
from facekp_export.inference.noise import this_process_is_ours
from facekp_train.common.console import new_app, run
from facekp_train.common.process import multiply_on_one_thread, start_without_collecting
from facekp_train.common.programs.classes import program_command

app = new_app("facekp-detect", "Find the faces on photographs and in videos, draw or print their keypoints.")
app.command(
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    cls=program_command(("numpy", "opencv-python", "ai-edge-litert", "onnxruntime")),
)(detect)


def main() -> None:
    """Run the command line."""
    this_process_is_ours()
    start_without_collecting()
    multiply_on_one_thread()
    run(app)


if __name__ == "__main__":
    main()

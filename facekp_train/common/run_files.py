"""Checkpoints and the files of a training run, by name and place alone. Loads no PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facekp_train.common.console import UserError

BEST_FILE, LAST_FILE, STATE_FILE = "best.safetensors", "last.safetensors", "state.safetensors"
WEIGHT_FILES = (BEST_FILE, LAST_FILE, STATE_FILE)
RECIPE_FILE, MADE_FROM_FILE = "recipe.yaml", "made-from.json"
PLAN_FILE = "widths.json"
"""The widths that a pruning has decided on."""
EXPORTED = (".tflite", ".onnx")
"""Suffixes of exported files."""


def check_begun(out: Path, resume: bool, *, begun: str, precious: Sequence[str]) -> None:
    """Raise UserError where `out` holds a run that is not to be resumed, or none that could be.

    begun: the file that a run to go on with has. precious: those that no other run may overwrite.
    """
    if not resume and any((out / name).exists() for name in precious):
        raise UserError(f"{out} holds a run already; continue it with --resume, or give another --out")
    if resume and not (out / begun).is_file():
        raise UserError(f"{out} holds no run to continue; leave --resume out, or give its folder with --out")


def refuse_other_than_checkpoints(*paths: Path | None) -> None:
    """Raise UserError or OSError, in a moment, for a folder, a missing file or an exported one.

    Args:
        paths: None is passed over.
    """
    for path in paths:
        if path is None:
            continue
        if path.is_dir():
            usual = [path / "model.safetensors", path / "best.safetensors"]
            likely = [*usual, *sorted(path.glob("*.safetensors"))]
            inside = next((file for file in likely if file.is_file()), None)
            raise UserError(f"{path} is a folder; give {inside or 'a checkpoint, and there is none in it'}")
        if path.suffix.lower() in EXPORTED:
            raise UserError(
                f"{path} is an exported file already; measure it with: facekp-export check {path}, or give "
                "the checkpoint that it came from, a .safetensors file"
            )
        if not path.is_file():
            raise OSError(f"{path}: no such file; give a checkpoint, such as runs/a/best.safetensors")

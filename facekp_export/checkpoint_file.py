"""What an export is made of: a checkpoint's file, nothing that would fail only once PyTorch is loaded."""

from __future__ import annotations

from pathlib import Path

from facekp_export.inference.runtimes import OPENERS
from facekp_train.common.console import UserError


def refuse_other_than_checkpoints(path: Path) -> None:
    """Raise UserError or OSError, in a moment, for a folder, a missing file or an exported one."""
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a checkpoint in it, such as {path / 'best.safetensors'}")
    if not path.is_file():
        raise OSError(f"{path}: no such file; give a checkpoint, such as runs/a/best.safetensors")
    if path.suffix.lower() in OPENERS:
        raise UserError(
            f"{path} is an exported file already; measure it with: facekp-export check {path}, or export "
            "the checkpoint that it came from, a .safetensors file"
        )

"""Files read and written, by name and place alone: which they are, and that none is lost. No PyTorch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path

import typer

from facekp_train.common.console import UserError

BEST_FILE, LAST_FILE, STATE_FILE = "best.safetensors", "last.safetensors", "state.safetensors"
WEIGHT_FILES = (BEST_FILE, LAST_FILE, STATE_FILE)
RECIPE_FILE, MADE_FROM_FILE = "recipe.yaml", "made-from.json"
PLAN_FILE = "widths.json"
"""The widths that a pruning has decided on."""
_READ_OF_A_FOLDER = ("*.tflite", "*.onnx", "*.safetensors", "manifest.json")
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
            raise OSError(f"{path}: no such file; give a checkpoint: runs/a/best.safetensors, or mdp-1x")


def refuse_source(target: Path, source: Path, what: str) -> None:
    """Raise typer.BadParameter where writing `target` would destroy `source`, which is a `what`.

    Links count: another name of the same file, or folder, is that file.
    """
    if _same(target, source):
        raise typer.BadParameter(f"{target} is the {what} itself; name another with --out")


def refuse_sources(targets: Iterable[Path | None], sources: Iterable[Path]) -> None:
    """The same for several files, which must not be one another either.

    Args:
        targets: to be written; None for what is not.
        sources: to be read: files, and folders of models.

    Raises:
        typer.BadParameter: naming the first.
    """
    written = [target for target in targets if target is not None]
    for source in sources:
        for read in _files_of(source):
            for target in written:
                if _same(target, read):
                    raise typer.BadParameter(
                        f"{target} is what is read, and would be lost; write to another file"
                    )
    for one, other in combinations(written, 2):
        if (one.is_file() and _same(one, other)) or one.absolute() == other.absolute() != Path("/dev/null"):
            raise typer.BadParameter(f"{other} is to be written twice; name a file for each")


def _files_of(source: Path) -> Iterator[Path]:
    if not source.is_dir():
        yield source
        return
    for pattern in _READ_OF_A_FOLDER:
        yield from source.glob(pattern)


def _same(target: Path, source: Path) -> bool:
    try:
        return target.samefile(source)
    except (OSError, ValueError):  # one of them is not there
        return False

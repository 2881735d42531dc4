"""Wheels and sdists of both projects; each wheel is built from its sdist, which so is known to be whole."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from facekp_train.common.console import UserError

ROOT = Path(__file__).parents[2]


def uncommitted() -> list[str]:
    """Files of the checkout that git does not know as they are; [] outside a checkout."""
    listed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [line[3:] for line in listed.stdout.splitlines()]


def build_all(out: Path) -> tuple[Path, Path]:
    """Build everything anew.

    Args:
        out: the folder, which is emptied.

    Returns:
        The wheels of facekp and of facekp-models.
    """
    shutil.rmtree(out, ignore_errors=True)
    return build(ROOT, out), build(ROOT / "models", out)


def build(project: Path, out: Path) -> Path:
    """Build a project's sdist, and from it its wheel.

    Args:
        project: the folder with its pyproject.toml.
        out: where both go.

    Returns:
        The wheel.
    """
    sdist = _hatch(project, "sdist", out)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        (unpacked,) = Path(folder).iterdir()
        return _hatch(unpacked, "wheel", out)


def _hatch(project: Path, target: str, out: Path) -> Path:
    """What hatchling builds of a project, moved into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(f"hatchling cannot build {target} of {project}: {done.stderr.strip()}")
        (made,) = Path(folder).iterdir()
        return Path(shutil.move(made, out / made.name))

"""`--version` of the programs, told from the packages' metadata: none of them is loaded for it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from facekp_train import __version__

_OPENCV = "opencv-python"


def versions(packages: Sequence[str]) -> dict[str, str | None]:
    """What runs here, by name: facekp, Python, then the packages; None for one that is not installed.

    Args:
        packages: as PyPI calls them; for `opencv-python` whichever wheels bring `cv2`.
    """
    names = [
        name for one in packages for name in ((opencv_wheels() or [_OPENCV]) if one == _OPENCV else [one])
    ]
    python = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return {"facekp": __version__, "Python": python} | {name: _installed(name) for name in names}


def _installed(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def opencv_wheels() -> list[str]:
    """Names of the installed wheels that bring `cv2`; of two, one writes over the other's files."""
    spec = importlib.util.find_spec("cv2")
    if spec is None or spec.origin is None:
        return []
    found = Path(spec.origin).parents[1].glob("opencv_*.dist-info")
    return sorted(folder.name.partition("-")[0].replace("_", "-") for folder in found)


def why_no_opencv(error: ImportError) -> str | None:
    """A sentence with the remedy where `cv2` cannot be loaded; None for any other failed import."""
    if error.name == "cv2" and not opencv_wheels():
        return "OpenCV is missing; install it with: pip install 'opencv-python>=4.10,<5'"
    if _OF_THE_SCREEN.match(str(error)):
        return (
            f"OpenCV cannot be loaded ({error}); on Debian: apt-get install libgl1 libglib2.0-0, or take the "
            "wheel that needs none: pip uninstall -y opencv-python && pip install 'opencv-python-headless<5'"
        )
    return None


# Libraries that OpenCV's wheel takes from the system and a server often lacks.
_OF_THE_SCREEN = re.compile(r"lib(GL|gthread|glib)[-.]")


def versioned_group(packages: Sequence[str]) -> type[TyperGroup]:
    """A group of commands that knows `--version`, for `typer.Typer(cls=...)`."""

    class Group(TyperGroup):
        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            self.params.append(_option(packages))

    return Group


def versioned_command(packages: Sequence[str]) -> type[TyperCommand]:
    """A command that is a program and knows `--version`, for `app.command(cls=...)`."""

    class Command(TyperCommand):
        def __init__(self, name: str | None, **given: Any) -> None:
            super().__init__(name, **given)
            self.params.append(_option(packages))

    return Command


def _option(packages: Sequence[str]) -> Any:
    """The option itself, made by typer from a command that has nothing else."""

    def tell(wanted: bool) -> None:
        if wanted:
            for name, version in versions(packages).items():
                print(f"{name} {version or '(not installed)'}")
            raise typer.Exit()

    probe = typer.Typer(add_completion=False)

    said = typer.Option(
        False, "--version", callback=tell, is_eager=True,
        help="Print the versions of facekp and of what it rests on, and exit.",
    )  # fmt: skip

    @probe.command()
    def only(version: bool = said) -> None:
        """Never called."""

    (option,) = typer.main.get_command(probe).params
    option.expose_value = False
    return option

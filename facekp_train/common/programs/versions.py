"""The versions of what runs here, told from the packages' metadata: none of them is loaded for it."""

from __future__ import annotations

import importlib.util
import platform
import re
from collections.abc import Sequence
from pathlib import Path

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
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
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

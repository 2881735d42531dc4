"""Where the models that come with the toolkit lie: in the checkout, or inside an installed wheel."""

from __future__ import annotations

import functools
import re
from contextlib import suppress
from pathlib import Path

from facekp_train.common.files import package_file

DEFAULT_NAME = "mdp-0.25x"
CHECKPOINT, EXPORT = "model.safetensors", "model_int8.tflite"
"""What a shipped model's name stands for as a checkpoint and as an exported file."""
_HASH = re.compile(r'"sha256": "([0-9a-f]{64})"')


def shipped_models_dir() -> Path:
    """The folder with one sub-folder a model. Raises FileNotFoundError where it is missing."""
    package = package_file("facekp_train")
    for folder in (package / "_models", package.parent / "models"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError("the shipped models are missing; reinstall facekp, or name a model file")


def default_model() -> Path:
    """The file that `facekp-detect` uses: the 0.25X student as int8 TFLite."""
    return shipped_models_dir() / DEFAULT_NAME / EXPORT


def default_checkpoint() -> Path:
    """The checkpoint that `facekp-export` exports when none is named."""
    return shipped_models_dir() / DEFAULT_NAME / CHECKPOINT


def shipped_names(file: str = "") -> list[str]:
    """Names of the shipped models, or of those that have that file."""
    try:
        folders = sorted(shipped_models_dir().iterdir())
    except FileNotFoundError:
        return []
    return [folder.name for folder in folders if folder.is_dir() and (folder / file).exists()]


@functools.lru_cache(maxsize=1)
def _shipped_hashes() -> frozenset[str]:
    """The SHA-256 of every exported file that comes with the toolkit, as the models' manifests say."""
    found: set[str] = set()
    for name in shipped_names("manifest.json"):
        with suppress(OSError):
            text = (shipped_models_dir() / name / "manifest.json").read_text(encoding="utf-8")
            found.update(_HASH.findall(text))
    return frozenset(found)


def ships(sha256: str) -> bool:
    """Whether that is the SHA-256 of an exported file that comes with the toolkit."""
    return sha256 in _shipped_hashes()


def shipped_file(given: Path, file: str = "") -> Path:
    """What a user's words for a model mean.

    Args:
        given: a path, or the name of a shipped model; an existing path of that name wins.
        file: of the shipped model; empty for its folder.

    Returns:
        The shipped model's file or folder; `given` where it names none.
    """
    if given.exists() or str(given) not in shipped_names(file):
        return given
    return shipped_models_dir() / given / file

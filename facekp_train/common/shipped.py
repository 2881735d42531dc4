"""The models that come with the toolkit: which there are, where they lie, what they may be used for.

The default model lies in facekp's own wheel, the others in the wheel `facekp-models`, all of them in a
checkout's folder `models`. What each file must be is written down in `shipped.json`.
"""

from __future__ import annotations

import functools
import importlib.util
import json
from pathlib import Path
from typing import NamedTuple

from facekp_train import __version__
from facekp_train.common.files import package_file, sha256_of

DEFAULT_NAME = "mdp-0.25x"
CHECKPOINT, EXPORT = "model.safetensors", "model_int8.tflite"
"""What a shipped model's name stands for as a checkpoint and as an exported file."""
LISTING = package_file("facekp_train.common", "shipped.json")
"""Of every model, its files' sizes and hashes."""
MODELS_WHEEL = "facekp-models"
"""The wheel of the models that are not in facekp's own."""
WEIGHTS_LICENCE = (
    "LicenseRef-facekp-weights: for research and evaluation, not for commercial use. They learned from "
    "photographs published for research (MTFL), from keypoints by dlib's predictor (300W: no commercial use) "
    "and MediaPipe's face landmarker, and from weights trained on ImageNet (images for research). To ship a "
    "product, train on faces that you hold the rights to."
)
"""What the shipped models' weights may be used for, in short."""


class ShippedFile(NamedTuple):
    """What a file of a shipped model must be."""

    bytes: int
    sha256: str


def shipped_models_dir() -> Path:
    """The folder that holds the default model. Raises FileNotFoundError where it is missing."""
    for folder in _places():
        if (folder / DEFAULT_NAME).is_dir():
            return folder
    raise FileNotFoundError("the shipped models are missing; reinstall facekp, or name a model file")


def _places() -> list[Path]:
    """The folders with one sub-folder a model, those of them that there are."""
    package = package_file("facekp_train")
    other = importlib.util.find_spec(MODELS_WHEEL.replace("-", "_"))
    folders = [package / "_models", package.parent / "models"]
    folders += map(Path, other.submodule_search_locations or ()) if other else ()
    return [folder for folder in folders if folder.is_dir()]


def default_model() -> Path:
    """The file that `facekp-detect` uses: the 0.25X student as int8 TFLite."""
    return shipped_models_dir() / DEFAULT_NAME / EXPORT


def default_checkpoint() -> Path:
    """The checkpoint that `facekp-export` exports when none is named."""
    return shipped_models_dir() / DEFAULT_NAME / CHECKPOINT


@functools.lru_cache(maxsize=1)
def shipped_files() -> dict[str, dict[str, ShippedFile]]:
    """What each model's files must be: by model, then by file; wherever they are, and if they are."""
    listed = json.loads(LISTING.read_text(encoding="utf-8"))
    return {
        name: {file: ShippedFile(**entry) for file, entry in files.items()} for name, files in listed.items()
    }


def shipped_names(file: str = "") -> list[str]:
    """Names of the shipped models, or of those that have that file, whether they are installed or not."""
    return [name for name, files in shipped_files().items() if not file or file in files]


def model_folder(name: str) -> Path | None:
    """Where a shipped model lies; None where its wheel is not installed."""
    return next((place / name for place in _places() if (place / name).is_dir()), None)


def how_to_install(name: str) -> str:
    """The line that brings a shipped model, from an index or from the wheels of `make release`."""
    if name == DEFAULT_NAME:
        return f"pip install --find-links dist --force-reinstall --no-deps facekp=={__version__}"
    return f"pip install --find-links dist {MODELS_WHEEL}=={__version__}"


@functools.lru_cache(maxsize=1)
def _shipped_hashes() -> frozenset[str]:
    return frozenset(entry.sha256 for files in shipped_files().values() for entry in files.values())


def ships(sha256: str) -> bool:
    """Whether that is the SHA-256 of a model's file that comes with the toolkit."""
    return sha256 in _shipped_hashes()


def licence_of_shipped(path: Path) -> str | None:
    """What the weights of a shipped checkpoint may be used for; None for any other file.

    Some were written before there was the field.
    """
    size = path.stat().st_size
    same = any(entry.bytes == size for files in shipped_files().values() for entry in files.values())
    return WEIGHTS_LICENCE if same and ships(sha256_of(path)) else None


def shipped_file(given: Path, file: str = "") -> Path:
    """What a user's words for a model mean.

    Args:
        given: a path, or the name of a shipped model; an existing path of that name wins.
        file: of the shipped model; empty for its folder.

    Returns:
        The shipped model's file or folder; `given` where it names none.

    Raises:
        FileNotFoundError: where the model comes in a wheel that is not installed.
    """
    name = str(given)
    if given.exists() or name not in shipped_names(file):
        return given
    if (folder := model_folder(name)) is None:
        raise FileNotFoundError(
            f"the model {name} is not installed; bring it with: {how_to_install(name)} (make release builds "
            "its wheel into dist), or give a file"
        )
    return folder / file

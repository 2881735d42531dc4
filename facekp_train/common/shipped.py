"""Where the models that come with the toolkit lie: in the checkout, or inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

from facekp_train.common.files import package_file

DEFAULT_NAME = "mdp-0.25x"


def shipped_models_dir() -> Path:
    """The folder with one sub-folder a model. Raises FileNotFoundError where it is missing."""
    package = package_file("facekp_train")
    for folder in (package / "_models", package.parent / "models"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError("the shipped models are missing; reinstall facekp, or name a model file")


def default_model() -> Path:
    """The file that `facekp-detect` uses: the 0.25X student as int8 TFLite."""
    return shipped_models_dir() / DEFAULT_NAME / "model_int8.tflite"


def default_checkpoint() -> Path:
    """The checkpoint that `facekp-export` exports when none is named."""
    return shipped_models_dir() / DEFAULT_NAME / "model.safetensors"

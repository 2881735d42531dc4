"""`facekp-export --to android`: an export's TFLite files, the Kotlin library and an example as one folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from facekp_export.publishing.models import finder_files, models_for
from facekp_export.publishing.publish import publish_folder
from facekp_export.verification.manifest import Manifest
from facekp_train.common.files import package_file

FOLDER = "android"
"""Its name within the export."""
_LIBRARY = package_file("facekp_export", "android")
_MODULE = "facekp"
_ASSETS = Path(_MODULE, "src", "main", "assets", "facekp")
_EXAMPLES_MODEL = "model_int8.tflite"


def export_android(out: Path) -> Manifest:
    """Make the folder `android` of an export from its TFLite files; nothing else in the export changes.

    Args:
        out: the export's folder, as `export_model` made it.

    Returns:
        Its manifest, which lists the folder's files with their hashes.

    Raises:
        UserError: where the export has no TFLite file, BlazeFace's files are missing, or the folder holds
            files that no export made.
        ValueError: for a damaged manifest.
        OSError: where nothing can be written.
    """
    models, nets = models_for(out, "android"), finder_files()
    return publish_folder(out, FOLDER, lambda folder: _build(folder, out, models, nets))


def _build(folder: Path, out: Path, models: list[str], nets: list[Path]) -> None:
    module = folder / _MODULE
    shutil.copytree(_LIBRARY / _MODULE / "src", module / "src")
    shutil.copyfile(_LIBRARY / _MODULE / "consumer-rules.pro", module / "consumer-rules.pro")
    shutil.copyfile(_LIBRARY / "build.gradle.kts", module / "build.gradle.kts")
    shutil.copyfile(_LIBRARY / "README.md", folder / "README.md")
    assets = folder / _ASSETS
    assets.mkdir(parents=True)
    for file in (*(out / name for name in models), *nets):
        shutil.copyfile(file, assets / file.name)
    example = (_LIBRARY / "Example.kt").read_text(encoding="utf-8")
    chosen = _EXAMPLES_MODEL if _EXAMPLES_MODEL in models else models[0]
    (folder / "Example.kt").write_text(example.replace(_EXAMPLES_MODEL, chosen), encoding="utf-8")

"""`facekp-export check`: exported files measured again, without PyTorch.

With labelled faces: the figures of every file. Without: whether each file is what its manifest says,
opens, and answers like the folder's float ONNX file. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facekp_export.demo import demo_face
from facekp_export.inference.metadata import KINDS, read_info
from facekp_export.inference.onnx_session import EXTRA, PACKAGE
from facekp_export.inference.runtimes import OPENERS, KeypointModel, open_model, open_runtime
from facekp_export.inference.stranger import refuse_harmful_model
from facekp_export.verification.contradictions import absent, contradictions, strangers
from facekp_export.verification.labelled import LabelledFaces
from facekp_export.verification.manifest import read_manifest
from facekp_export.verification.verify import deviation
from facekp_train.common.console import warn
from facekp_train.crop import CropRule, cut
from facekp_train.samples import Crops

_VIEWS = 16
# Boxes of the demo face jittered about as much as a face finder's.
_JITTER = 0.08


@dataclass(frozen=True)
class Checked:
    """What a check found.

    Attributes:
        document: what `--json` prints.
        good: whether every file is as it should be.
    """

    document: dict[str, Any]
    good: bool


def find_models(path: Path, threads: int = 1) -> list[KeypointModel]:
    """Open the models of an export folder, or the one of a file.

    Of a folder foreign files are named on stderr and left out, and .onnx files where onnxruntime is missing.

    Args:
        path: the folder or file.
        threads: of one call.

    Returns:
        In the order of `KINDS`.

    Raises:
        OSError: for a missing path.
        ValueError: for a damaged file, a foreign one by itself, or a folder without models.
    """
    if not path.is_dir():
        refuse_harmful_model(path)
        return [open_model(path, threads)]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in OPENERS and not file.is_dir())
    models = [model for file in files if (model := _ours(file, threads)) is not None]
    if not models:
        raise ValueError(f"{path} holds no .onnx or .tflite file of facekp-export")
    return sorted(models, key=lambda model: KINDS.index(model.info.kind))


def _ours(file: Path, threads: int) -> KeypointModel | None:
    if file.suffix.lower() == ".onnx" and importlib.util.find_spec(PACKAGE) is None:
        warn(f"skipped {file}: it needs {PACKAGE}; install it with: pip install 'facekp[{EXTRA}]'")
        return None
    refuse_harmful_model(file)
    info = read_info(file)
    runtime = open_runtime(file, threads)
    if info is None:
        warn(f"skipped {file}: no facekp metadata inside")
        return None
    return KeypointModel(runtime, info)


def check_labelled(
    models: list[KeypointModel], faces: LabelledFaces, normaliser: str | None = None
) -> Checked:
    """Every file's figures on labeled faces.

    Args:
        models: as `find_models` gives them.
        faces: the faces.
        normaliser: what the figures are percent of; None for the primary one of the data's scheme.

    Raises:
        ValueError: where the schemes do not fit, or the data's lacks the normaliser.
    """
    entries = []
    for model in models:
        info = model.info
        result = faces.measure(
            model.predict, info.crop, info.scheme, info.five_offset, normaliser, progress=True
        ).as_json()
        del result["data"], result["split"]
        entries.append({"file": model.runtime.path.name, "kind": info.kind, **result})
    return Checked({"data": faces.data, "split": faces.split, "files": entries}, good=True)


def check_integrity(models: list[KeypointModel], folder: Path, *, whole: bool = True) -> Checked:
    """Hold every file against the folder's manifest and, of several, against the first one's answers.

    Args:
        models: as `find_models` gives them.
        folder: where the manifest is looked for.
        whole: whether the folder is to hold all that the manifest lists, and no other model.

    Returns:
        Good where nothing differs from what the manifest says, and nothing is missing or added.
    """
    manifest = read_manifest(folder)
    reference = models[0].predict(demo_crops(models[0].info.crop))
    entries = []
    for model in models:
        path, crop = model.runtime.path, model.info.crop
        problems = [] if manifest is None else contradictions(manifest, model)
        entry = _entry(path.name, path, model.info.kind, model.info.points, problems)
        alike = model.info.points == models[0].info.points and crop == models[0].info.crop
        if alike and len(models) > 1:
            difference = deviation(model.predict(demo_crops(crop)), reference, crop.size)
            entry |= {
                "compared_with": models[0].runtime.path.name,
                "mean_px": difference.mean_px,
                "max_px": difference.max_px,
            }
        entries.append(entry)
    if whole and manifest is not None:
        known = {model.runtime.path.name for model in models}
        odd = strangers(manifest, folder, known) | absent(manifest, folder)
        entries += [
            _entry(name, folder / name, None, None, [problem]) for name, problem in sorted(odd.items())
        ]
    good = all(entry["problem"] is None for entry in entries)
    document = {"data": None, "split": None, "manifest": manifest is not None, "files": entries}
    return Checked(document, good)


def _entry(
    name: str, path: Path, kind: str | None, points: int | None, problems: list[str]
) -> dict[str, Any]:
    return {
        "file": name,
        "kind": kind,
        "bytes": path.stat().st_size if path.is_file() else None,
        "points": points,
        "problem": "; ".join(problems) or None,
    }


def demo_crops(rule: CropRule) -> Crops:
    """Crops of the demo face around seeded, jittered boxes."""
    image, (x, y, width, height) = demo_face()
    random = np.random.default_rng(0)
    views = []
    for dx, dy, grow in random.normal(0, _JITTER, (_VIEWS, 3)):
        side = max(width, height) * np.exp(grow)
        center_x, center_y = x + width / 2 + dx * side, y + height / 2 + dy * side
        views.append(cut(image, rule.square((center_x - side / 2, center_y - side / 2, side, side)), rule))
    return np.stack(views)

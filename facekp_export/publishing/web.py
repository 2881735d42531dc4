"""`facekp-export --to web`: an export's TFLite or else ONNX files, and a page that runs them in a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from facekp_export.inference.runtimes import KeypointModel, open_model
from facekp_export.publishing.models import finder_files, models_for
from facekp_export.publishing.publish import publish_folder
from facekp_export.verification.check import demo_crops
from facekp_export.verification.manifest import Manifest
from facekp_export.web import FOLDER
from facekp_train.boxes import box_mappings
from facekp_train.common.console import UserError
from facekp_train.common.downloads.archives import read_members
from facekp_train.common.downloads.cache import kept
from facekp_train.common.downloads.downloads import given
from facekp_train.common.downloads.parts import Part, StrictModel
from facekp_train.common.files import package_file, sha256_of
from facekp_train.landmarks import Floats

_PAGE = package_file("facekp_export", "web")
_SERVED = (".html", ".css", ".js")
_WAY = "facekp-export --to web --from"
_CROPS = 4
_ONNX, _LITERT = "onnxruntime", "litert"
"""The engine of ONNX files, and that of the rest and of BlazeFace: folders of the page, names in records."""
_LICENSES = {_LITERT: "Apache License 2.0", _ONNX: "MIT License"}
_LARGEST = {"wasm": 1e-4, "webgpu": 5e-3}
"""Of a difference from this computer's answers in [0, 1]; graphics chips compute in half precision."""
_EXACT = ("onnx", "float32", "float16")
_STEPS, _MEAN_PX_OF_128 = 2 / 255, 0.1
"""For quantized files, as for phones: two steps of their answers' range, and a mean in pixels of the crop."""
_NOTICE = """models/    what this export is made of
finders/   MediaPipe's BlazeFace, Apache License 2.0
{engines}The rest is facekp's page. Serve the folder with: facekp-bench serve FOLDER
"""


class _List(StrictModel):
    parts: dict[str, Part]


def export_web(out: Path, source: Path | None = None) -> Manifest:
    """Make the folder `web` of an export from its TFLite files; nothing else in the export changes.

    An export without TFLite files has its ONNX files run.

    Args:
        out: the export's folder, as `export_model` made it.
        source: a folder with the engine's archives, for machines that reach no registry.

    Returns:
        Its manifest, which lists the folder's files with their hashes.

    Raises:
        UserError: where the export has no model file, BlazeFace's files or the engine cannot be had, or the
            folder holds files that no export made.
        ValueError: for a damaged manifest or model.
        OSError: where nothing can be written.
    """
    models, finders = models_for(out, "web", or_onnx=True), finder_files()
    archives = _archives(engine_parts(onnx=models[0].endswith(".onnx")), source)
    return publish_folder(out, FOLDER, lambda folder: _build(folder, out, models, finders, archives))


def engine_parts(*, onnx: bool = False) -> list[Part]:
    """The archives that LiteRT for browsers comes in, and with `onnx` those of onnxruntime."""
    parts = _List.model_validate_json((_PAGE / "parts.json").read_bytes()).parts
    return [part for name, part in parts.items() if onnx or name != _ONNX]


def _engine(part: Part) -> str:
    return _ONNX if part.package.startswith(_ONNX) else _LITERT


def _archives(parts: list[Part], source: Path | None) -> list[tuple[Part, Path]]:
    if source is None:
        return [(part, kept(part, FOLDER, _WAY)) for part in parts]
    if not source.is_dir():
        raise UserError(f"{source} is not a folder; give the folder that holds the archives with {_WAY}")
    found = given(parts, source)
    return [(part, found[part.file]) for part in parts]


def _build(
    folder: Path, out: Path, models: list[str], finders: list[Path], archives: list[tuple[Part, Path]]
) -> None:
    folder.mkdir()
    for file in sorted(_PAGE.iterdir()):
        if file.suffix in _SERVED:
            shutil.copyfile(file, folder / file.name)
    page = (_PAGE / "index.html").read_text(encoding="utf-8")
    (folder / "index.html").write_text(allowed(page), encoding="utf-8")
    for part, archive in archives:
        _unpack(part, archive, folder / _engine(part))
    for room, files in (("models", [out / name for name in models]), ("finders", finders)):
        (folder / room).mkdir()
        for file in files:
            shutil.copyfile(file, folder / room / file.name)
    parity = _parity(folder, [folder / "models" / name for name in models])
    contents = {
        "models": [_entry(folder / "models" / name) for name in models],
        "boxes": {name: mapping.as_dict() for name, mapping in box_mappings().items()},
        "parity": parity,
        "engines": {_engine(part): part.version for part, _ in archives},
    }
    (folder / "contents.json").write_text(json.dumps(contents, separators=(",", ":")), encoding="utf-8")
    lines = [f"{_engine(p)}/  {p.package} {p.version}, {_LICENSES[_engine(p)]}\n" for p, _ in archives]
    (folder / "NOTICE.txt").write_text(_NOTICE.format(engines="".join(lines)), encoding="utf-8")


def allowed(page: str) -> str:
    """The page with the hash of its import map in its policy, which allows no other script within it."""
    found = re.search(r'<script type="importmap">(.*?)</script>', page, re.DOTALL)
    assert found is not None  # it stands in index.html
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode("ascii")
    return page.replace("sha256-IMPORTMAP", f"sha256-{digest}")


def _unpack(part: Part, archive: Path, folder: Path) -> None:
    try:
        contents = read_members(archive, [member.path for member in part.members])
    except ValueError as error:
        raise UserError(f"{part.origin}: {error}; delete {archive}, and export again") from None
    for member in part.members:
        target = folder / member.file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(contents[member.path])


def _entry(path: Path) -> dict[str, Any]:
    info = open_model(path).info
    return {
        "file": path.name,
        "name": info.name,
        "kind": info.kind,
        "sha256": sha256_of(path),
        "bytes": path.stat().st_size,
    }


def _parity(folder: Path, models: list[Path]) -> dict[str, Any]:
    """Crops that the page computes, too, and this computer's answers to them."""
    opened = [open_model(path) for path in models]
    crops = demo_crops(opened[0].info.crop)[:_CROPS]
    (folder / "parity.bin").write_bytes(np.ascontiguousarray(crops).tobytes())
    answers = {model.runtime.path.name: model.predict(crops).reshape(len(crops), -1) for model in opened}
    return {
        "count": len(crops),
        "answers": {name: values.round(7).tolist() for name, values in answers.items()},
        "allowed": {m.runtime.path.name: _allowed(m, answers[m.runtime.path.name]) for m in opened},
        "reference": opened[0].runtime.name,
    }


def _allowed(model: KeypointModel, answers: Floats) -> dict[str, float | None]:
    """The largest difference by what computes; the mean one in pixels of the crop, None for exact files."""
    if model.info.kind in _EXACT:
        return {**_LARGEST, "px": None}
    steps = _STEPS * float(np.ptp(answers))
    largest = {delegate: max(steps, least) for delegate, least in _LARGEST.items()}
    return {**largest, "px": _MEAN_PX_OF_128 * model.info.crop.size / 128}

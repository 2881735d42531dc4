"""A net of PyTorch as the files that an export has, made once and kept in the cache.

For nets that are timed alone (random weights compute as long as others), and for those of others that are
rebuilt here. Nothing is verified: `facekp-export` does that for what is ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.systems.candidate import LackingError
from facekp_export.inference.metadata import ModelInfo, onnx_with_info, tflite_with_info
from facekp_export.inference.noise import noise_in
from facekp_train.boxes import box_mappings
from facekp_train.common.console import UserError, say
from facekp_train.common.files import package_file, written_aside
from facekp_train.crop import CropRule
from facekp_train.landmarks import scheme_of
from facekp_train.metadata import FiveOffset

if TYPE_CHECKING:
    from torch import nn

CACHE = Path(__file__).parents[2] / ".cache" / "table5"
_PACKAGES = ("facekp_train.networks", "facekp_export.conversion", "facekp_export.quantization")


@dataclass(frozen=True)
class Net:
    """What is converted: float32 [1, 3, S, S], RGB 0..255 -> [1, 136] in [0, 1] of the crop.

    views: of the demo photo's face, that set the ranges of int8 files.
    """

    name: str
    rule: CropRule
    made: Callable[[], nn.Module]
    five_offset: FiveOffset | None = None
    views: int = 200


def folder_of(name: str, *sources: Path) -> Path:
    """Where the files of a net are kept. sources: what they rest on besides the code of this project."""
    digest = hashlib.sha256()
    for source in (*(file for package in _PACKAGES for file in _sources(package)), Path(__file__), *sources):
        digest.update(source.read_bytes())
    return CACHE / f"{name}-{digest.hexdigest()[:12]}"


def _sources(package: str) -> list[Path]:
    return sorted(package_file(package).glob("*.py"))


def convert(net: Net, folder: Path) -> None:
    """Write what an export has, but for the checkpoint. Raises LackingError where a converter refuses it."""
    say(f"converting {net.name}")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with noise_in(folder / "convert.log"):
            _write(net, folder)
    except (UserError, ImportError) as error:
        raise LackingError(f"it cannot be converted here: {error}") from None


def _write(net: Net, folder: Path) -> None:
    import onnx

    from facekp_export.conversion.to_onnx import to_onnx
    from facekp_export.conversion.to_tflite import TfliteConverter
    from facekp_export.quantization.calibration import demo_views, with_full_range
    from facekp_export.quantization.equalize import equalize
    from facekp_export.quantization.quantize_onnx import quantize_onnx

    info = ModelInfo(
        name=net.name, scheme=scheme_of(68), kind="onnx", crop=net.rule, boxes=box_mappings(),
        source=net.name, checkpoint_sha256="0" * 64, five_offset=net.five_offset,
    )  # fmt: skip
    crops = with_full_range(demo_views(net.rule, net.views))
    model = equalize(to_onnx(net.made(), net.rule.size), crops)
    for name, graph in (("model.onnx", model), ("model_int8.onnx", quantize_onnx(model, crops))):
        with written_aside(folder / name) as aside:
            onnx.save(onnx_with_info(graph, info), str(aside))
    converter = TfliteConverter(model, crops)
    for kind, number in (("float32", "float32"), ("int8", "uint8")):
        said = replace(info, kind=kind, input_type=number)
        with written_aside(folder / f"model_{kind}.tflite") as aside:
            aside.write_bytes(tflite_with_info(converter.convert(kind), said))

"""docs/reference/files.md: the files of an export, and the entry that travels inside each."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from docs.generate.json_types import fields
from docs.generate.markdown import code, fenced, table
from docs.generate.python_api import documented

_ROOT = Path(__file__).parents[2]
_SHIPPED = "models/mdp-0.25x"
# Objects and lists without another inside stand in one line, and lists of lists.
_INNERMOST = re.compile(r"\{[^{}\[\]]*\}|\[(?:[^{}\[\]]|\[[^{}\[\]]*\])*\]")
_LONG = 5


def files_page() -> str:
    """The page."""
    from facekp_export.inference.metadata import KEY, ModelInfo, read_info
    from facekp_train.crop import CropRule
    from facekp_train.schemes import Scheme

    info = read_info(_ROOT / _SHIPPED / "model_int8.tflite")
    if info is None:
        raise ValueError(f"{_SHIPPED}/model_int8.tflite holds no {KEY} entry; export it again")
    info = replace(info, input_type="uint8")  # which files of schema 1 do not say
    document = json.dumps(_shortened(json.loads(info.to_json())), indent=2, ensure_ascii=False)
    return "\n".join(
        [
            "# File formats\n",
            "## Exported files\n",
            f"The files of `{_SHIPPED}`, from its `manifest.json`. Crops are RGB, 0..255; points are x and y "
            "interleaved, in [0, 1] of the crop: pixel u of 128 is (u + 0.5) / 128.\n",
            _exported(),
            "`model_int8_io.tflite` (`facekp-export --io int8`) takes the raw byte minus 128 as int8 "
            "and gives int8 with the scale 1/256.\n",
            "Beside them lie `manifest.json` ([schema](schemas.md#manifest)), `report.md`, `report.png` and "
            "`export.log`.\n",
            f"## The {code(KEY)} entry\n",
            f"One JSON document under the key {code(KEY)}: in an ONNX file's `metadata_props`, in a TFLite "
            "file's Metadata table. With it one file alone is enough for `KeypointDetector`. The one of "
            f"`{_SHIPPED}/model_int8.tflite`, as this version writes it, long lists cut short:\n",
            fenced(_INNERMOST.sub(lambda found: " ".join(found[0].split()), document), "json"),
            documented(inspect.getdoc(ModelInfo) or ""),
            "### Scheme\n",
            documented(inspect.getdoc(Scheme) or ""),
            "### Crop rule\n",
            documented(inspect.getdoc(CropRule) or ""),
            "### Box mapping\n",
            _box_mapping(),
            "## Checkpoints\n",
            "A `.safetensors` file: the tensors of the net's `state_dict`, and a JSON header "
            "([schema](schemas.md#checkpoint)) that rebuilds the net. No pickle, so a stranger's file can "
            "hold wrong numbers but no code. A header's `net`:\n",
            _net(),
        ]
    )


def _shortened(value: Any) -> Any:
    """The same JSON with the first items of long lists alone."""
    if isinstance(value, dict):
        return {key: _shortened(one) for key, one in value.items()}
    if isinstance(value, list):
        items = [_shortened(one) for one in value]
        return items if len(items) <= _LONG else [*items[:2], "..."]
    return value


def _exported() -> str:
    manifest = json.loads((_ROOT / _SHIPPED / "manifest.json").read_text(encoding="utf-8"))
    rows = [
        [
            code(entry["file"]), code(entry["kind"]), _tensor(entry["input"]), _tensor(entry["output"]),
            f"{entry['bytes'] / 1e6:.2f}", entry["oldest_engine"],
        ]
        for entry in manifest["files"]
    ]  # fmt: skip
    return table(["file", "kind", "takes", "gives", "MB", "oldest engine"], rows)


def _tensor(entry: dict[str, object]) -> str:
    return f"{entry['dtype']} {entry['shape']}"


def _box_mapping() -> str:
    from facekp_train.boxes import BoxMapping

    return documented(inspect.getdoc(BoxMapping) or "")


def _net() -> str:
    from facekp_train.networks.keypoint_net import NetConfig

    return fields(NetConfig.model_json_schema())

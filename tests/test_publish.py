"""An export folder changes all at once, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from facekp_export.manifest import MANIFEST, Manifest, read_manifest
from facekp_export.publish import LOG, staging_for
from facekp_train.console import UserError


def manifest_of(*names: str) -> str:
    tensor = {"name": "t", "shape": [1], "dtype": "float32", "scale": 0, "zero_point": 0}
    deviation = {"crops": 1, "max_abs": 0, "mean_abs": 0, "max_px": 0, "mean_px": 0}
    entries = [
        {
            "file": name, "kind": "int8", "bytes": 1, "sha256": "0" * 64, "input": tensor, "output": tensor,
            "operators": [], "oldest_engine": "", "deviation": deviation,
        }
        for name in names
    ]  # fmt: skip
    document = {
        "name": "n", "scheme": "ibug68", "points": 68, "crop": {}, "boxes": {}, "net": {}, "checkpoint": "c",
        "checkpoint_sha256": "0" * 64, "calibration": "", "files": entries, "versions": {}, "created": "",
    }  # fmt: skip
    return Manifest.model_validate(document).model_dump_json()


def export_to(out: Path, *names: str) -> None:
    with staging_for(out) as staging:
        for name in names:
            (staging / name).write_text("new")
        (staging / MANIFEST).write_text(manifest_of(*names))


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_files_appear_and_nothing_is_left_beside(tmp_path: Path) -> None:
    out = tmp_path / "exports" / "a"
    export_to(out, "model.onnx", "model_int8.tflite")
    assert set(contents(out)) == {MANIFEST, "model.onnx", "model_int8.tflite"}
    assert [path.name for path in out.parent.iterdir()] == ["a"]


def test_a_later_export_drops_its_forerunners_files_and_no_others(tmp_path: Path) -> None:
    out = tmp_path / "a"
    export_to(out, "model.onnx", "model_int8_io.tflite")
    (out / "README.md").write_text("mine")
    export_to(out, "model.onnx")
    assert set(contents(out)) == {MANIFEST, "README.md", "model.onnx"}
    assert contents(out)["README.md"] == "mine"


@pytest.mark.parametrize("error", [UserError("a layer"), ValueError("a value"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_files(tmp_path: Path, error: BaseException) -> None:
    out = tmp_path / "a"
    export_to(out, "model.onnx")
    before = contents(out)
    with pytest.raises(type(error)), staging_for(out) as staging:
        (staging / "model.onnx").write_text("half")
        raise error
    assert contents(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_failure_keeps_the_converters_log_until_the_next_success(tmp_path: Path) -> None:
    out = tmp_path / "a"
    kept = tmp_path / f"a.{LOG}"
    said = rf"a layer \(the converters' log: .*a\.{LOG}\)"
    with pytest.raises(UserError, match=said), staging_for(out) as staging:
        (staging / LOG).write_text("what onnx2tf said")
        raise UserError("a layer")
    assert not out.exists() and kept.read_text() == "what onnx2tf said"
    export_to(out, "model.onnx")
    assert not kept.exists()


def test_a_damaged_manifest_is_named_and_does_not_stop_an_export(tmp_path: Path) -> None:
    out = tmp_path / "a"
    export_to(out, "model.onnx")
    (out / MANIFEST).write_text('{"format": "x"}')
    with pytest.raises(ValueError, match="not a manifest of facekp-export"):
        read_manifest(out)
    export_to(out, "model.onnx")
    assert read_manifest(out) is not None

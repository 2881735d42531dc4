"""Exports whose files are a word each, published as real ones are."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from facekp_export.publishing.publish import staging_for
from facekp_export.verification.manifest import MANIFEST, Manifest
from facekp_export.verification.report import PICTURE, REPORT


def manifest_of(*names: str, content: str = "new", kind: str = "int8") -> str:
    tensor = {"name": "t", "shape": [1], "dtype": "float32", "scale": 0, "zero_point": 0}
    deviation = {"crops": 1, "max_abs": 0, "mean_abs": 0, "max_px": 0, "mean_px": 0}
    digest = sha256(content.encode()).hexdigest()
    entries = [
        {
            "file": name, "kind": kind, "bytes": 1, "sha256": digest, "input": tensor, "output": tensor,
            "operators": [], "oldest_engine": "", "deviation": deviation,
        }
        for name in names
    ]  # fmt: skip
    document = {
        "name": "n", "scheme": "ibug68", "points": 68, "crop": {}, "boxes": {}, "net": {}, "checkpoint": "c",
        "checkpoint_sha256": "0" * 64, "calibration": "", "files": entries, "versions": {}, "created": "",
    }  # fmt: skip
    return Manifest.model_validate(document).model_dump_json()


def export_to(out: Path, *names: str, content: str = "new", kind: str = "int8") -> None:
    companions = [REPORT, PICTURE] if kind == "int8" else [REPORT]
    with staging_for(out, [*names, *companions, MANIFEST]) as staging:
        for name in (*names, *companions):
            (staging / name).write_text(content)
        (staging / MANIFEST).write_text(manifest_of(*names, content=content, kind=kind))


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}

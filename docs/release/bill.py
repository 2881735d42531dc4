"""What stands beside the wheels: the bill of materials (CycloneDX) and every file's hash."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from docs.release.build import ROOT
from facekp_export.inference.flatbuffer import BLAZEFACE
from facekp_train.common.files import sha256_of, write_json, write_text
from facekp_train.common.shipped import DEFAULT_NAME, shipped_files


def write_bill(target: Path, python: Path, tools: Path) -> None:
    """Write what facekp's wheel brings: the packages of an environment, and the nets inside the wheel.

    Args:
        target: a .cdx.json file.
        python: of the environment that holds facekp and what it needs.
        tools: folder with the program cyclonedx-py.
    """
    describe = [
        "environment", "--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible",
        "--output-format", "JSON", "--output-file", str(target), str(python),
    ]  # fmt: skip
    subprocess.run([str(tools / "cyclonedx-py"), *describe], check=True, capture_output=True)
    document = json.loads(target.read_text(encoding="utf-8"))
    document["components"] += nets()
    write_json(target, document)


def nets() -> list[dict[str, Any]]:
    """The nets inside facekp's wheel, as CycloneDX names components."""
    found = [_net(file, sha256, {"id": "Apache-2.0"}) for file, sha256 in BLAZEFACE.items()]
    weights = {"name": "LicenseRef-facekp-weights"}
    return found + [
        _net(f"{DEFAULT_NAME}/{file}", entry.sha256, weights)
        for file, entry in shipped_files()[DEFAULT_NAME].items()
    ]


def _net(name: str, sha256: str, terms: dict[str, str]) -> dict[str, Any]:
    return {
        "bom-ref": f"net:{name}",
        "type": "machine-learning-model",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": sha256}],
        "licenses": [{"license": terms}],
    }


def write_sums(folder: Path) -> None:
    """Write SHA256SUMS of a folder's files, as `sha256sum --check` reads it."""
    files = sorted(path for path in folder.iterdir() if path.name != "SHA256SUMS")
    write_text(folder / "SHA256SUMS", "".join(f"{sha256_of(path)}  {path.name}\n" for path in files))

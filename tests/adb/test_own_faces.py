"""Thirty photographs with twelve own keypoints, as CVAT exports them, to a file that a phone has measured."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from facekp_export.inference.metadata import read_info
from tests.adb.measuring import QUICK as BRIEFLY
from tests.adb.measuring import measure
from tests.rig.rig import Rig
from tests.support.files.doc_pages import DOCS, blocks
from tests.support.models.quick_fits import QUICK
from tests.support.places import ROOT

pytestmark = pytest.mark.slow

PROGRAMS = {"facekp-train": "facekp_train", "facekp-export": "facekp_export"}
# A training of seconds; what it learns is no matter.
SHORT = {
    "fit": ["--epochs", "2", *(word for setting in QUICK for word in ("--set", setting))],
    "facekp-export": ["--to", "tflite"],
}


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the guide's lines were run, but for the phone's."""
    folder = tmp_path_factory.mktemp("walk")
    drawing, lines, *_ = sorted(
        (block for block in blocks(DOCS / "guides" / "keypoints.md") if block.language in ("python", "bash")),
        key=lambda block: (block.language != "python", block.line),
    )
    _run(folder, [sys.executable, "-c", drawing.text])
    *here, phone = lines.text.splitlines()
    assert phone.startswith("facekp-bench --device adb --models exports/own/model_int8.tflite ")
    assert len(here) == 3
    for line in here:
        program, *words = shlex.split(line, comments=True)
        short = SHORT.get(words[0], SHORT.get(program, []))
        _run(folder, [sys.executable, "-m", PROGRAMS[program], *words, *short])
    return folder


def _run(folder: Path, words: list[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder, env=environment, check=False)
    assert done.returncode == 0, done.stderr


def test_the_file_is_verified_on_the_faces_and_knows_their_points(walked: Path) -> None:
    manifest = json.loads((walked / "exports" / "own" / "manifest.json").read_text())
    (int8,) = [entry for entry in manifest["files"] if entry["file"] == "model_int8.tflite"]
    assert manifest["points"] == 12 and int8["deviation"]["nme"] is not None
    assert int8["deviation"]["mean_px"] <= 0.5
    info = read_info(walked / "exports" / "own" / "model_int8.tflite")
    assert info is not None
    assert (info.scheme.name, info.scheme.names[:2]) == ("own12", ("left_brow", "right_brow"))
    assert info.scheme.flip == (1, 0, 3, 2, 5, 4, 6, 8, 7, 10, 9, 11)
    assert (walked / "own_faces.jpg").is_file()


@pytest.mark.adb
def test_a_phone_measures_it(walked: Path, rig: Rig, tmp_path: Path) -> None:
    (record,) = measure(rig, tmp_path, "--models", walked / "exports" / "own" / "model_int8.tflite", *BRIEFLY)
    assert record.valid and record.parity and record.parity.ok

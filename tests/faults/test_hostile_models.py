"""Model files that are damaged anywhere: refused in a sentence, never a crash or a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from facekp_train.common.shipped import shipped_models_dir
from tests.support.places import SUPPORT

PROGRAM = SUPPORT / "models" / "hostile_models.py"
CASES = int(os.environ.get("FACEKP_FUZZ", "100"))


def run_cases(file: Path, folder: Path) -> list[dict[str, str]]:
    command = [sys.executable, PROGRAM, file, str(CASES), folder]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_PERTURB_": "165"}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=max(600, CASES), env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    cases = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(cases) == CASES
    return cases


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each case is a forked process")
@pytest.mark.parametrize(
    "name", ["model_int8.tflite", "model_float16.tflite", "model.onnx", "model.safetensors"]
)
def test_a_damaged_file_ends_in_a_sentence(name: str, tmp_path: Path) -> None:
    if name == "model.safetensors":
        pytest.importorskip("torch", reason="needs facekp[train]")
    file = shipped_models_dir() / "mdp-0.25x" / name
    cases = run_cases(file, tmp_path)
    ended = [case for case in cases if case["outcome"].startswith("ended by")]
    assert [case for case in cases if case["outcome"] not in ("used", "refused") and case not in ended] == []
    assert len(ended) < CASES / 10
    refused = [case["message"] for case in cases if case["outcome"] == "refused"]
    assert all("spoiled" in message and "\n" not in message for message in refused), refused
    # What is cut short is never used; damage inside the weights alone cannot be seen in the file.
    assert {case["outcome"] for case in cases if case["damage"] == "cut"} == {"refused"}
    assert len(refused) > CASES / 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each case is a forked process")
def test_a_damaged_mat_file_ends_no_caller(tmp_path: Path) -> None:
    savemat = pytest.importorskip("scipy.io", reason="needs facekp[train]").savemat
    faces = 12
    table = {"data": np.ones((faces, 38)), "mask_new": np.ones((faces, 19)), "bbox": np.ones((faces, 4))}
    names = np.array([[f"{face}.jpg"] for face in range(faces)], object)
    file = tmp_path / "whole.mat"
    savemat(file, {**table, "nameList": names, "ra": np.arange(1, faces + 1)})
    cases = run_cases(file, tmp_path)
    known = ("used", "refused")
    assert [c for c in cases if c["outcome"] not in known and not c["outcome"].startswith("ended by")] == []
    assert all("\n" not in case["message"] for case in cases)

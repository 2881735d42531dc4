"""Every shipped file in the engines of old phones and of today, each in an environment of its own.

`make test-engines`. The environments are made by uv and kept in the cache ($XDG_CACHE_HOME or
~/.cache, facekp/engines); those of the newest engines are made anew each month.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from facekp_train.common.shipped import shipped_models_dir

pytestmark = pytest.mark.engines

PROGRAM = Path(__file__).with_name("answer.py")
# What an app of 2023 has, what org.tensorflow:tensorflow-lite:2.16.1 was built from, and the newest.
LITE_ENGINES = {
    "tflite-runtime 2.14.0": ["tflite-runtime==2.14.0", "numpy<2"],
    "tensorflow-cpu 2.16.1": ["tensorflow-cpu==2.16.1"],
    "ai-edge-litert": ["ai-edge-litert", "numpy"],
}
# tflite-runtime 2.14.0 has no wheel for a later Python.
OLDEST_PYTHON = "3.11"
ONNX_ENGINES = {"onnxruntime": ["onnxruntime", "numpy"]}
MODELS = sorted(
    path
    for folder in shipped_models_dir().iterdir()
    for path in folder.glob("model*")
    if path.suffix in (".tflite", ".onnx")
)
FLOAT_TOLERANCE = 1e-4
# int8 files answer in float32; a step is what an int8 output would have, a 256th of the crop.
INT8_TOLERANCE = 2 / 256
_LONGEST_SECONDS = 900


def environment(requirements: list[str]) -> Path:
    """The Python of an environment with these packages, the first being the engine.

    Made where it is missing or holds what was the newest engine of another month.
    """
    uv = Path(sys.executable).with_name("uv")
    tool = str(uv) if uv.is_file() else shutil.which("uv")
    if tool is None:
        pytest.fail("uv is missing; make setup installs it")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = version if (sys.version_info < (3, 12) or "2.14.0" not in requirements[0]) else OLDEST_PYTHON
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "facekp" / "engines"
    key = hashlib.sha256("\n".join([python, *requirements]).encode()).hexdigest()[:12]
    folder = cache / f"{requirements[0].split('=')[0]}-{key}"
    ready, month = folder / "ready", "" if "==" in requirements[0] else time.strftime("%Y-%m")
    if not ready.is_file() or ready.read_text() != month:
        interpreter = sys.executable if python == version else python
        _run([tool, "venv", "--quiet", "--clear", "--python", interpreter, str(folder)])
        _run([tool, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *requirements])
        ready.write_text(month)
    return folder / "bin" / "python"


def _run(command: list[str]) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    """Views of the demo photo's face, uint8 [12, 128, 128, 3]."""
    from facekp_export.quantization.calibration import demo_views
    from facekp_train.crop import CropRule

    return demo_views(CropRule(), 12)


@pytest.mark.parametrize("engine", [*LITE_ENGINES, *ONNX_ENGINES])
def test_every_shipped_file_gives_the_same_points(engine: str, crops: np.ndarray, tmp_path: Path) -> None:
    from facekp_export.inference.runtimes import open_model

    suffix = ".onnx" if engine in ONNX_ENGINES else ".tflite"
    models = [model for model in MODELS if model.suffix == suffix]
    assert models
    np.save(tmp_path / "crops.npy", crops)
    python = environment((LITE_ENGINES | ONNX_ENGINES)[engine])
    said = _run([str(python), str(PROGRAM), str(tmp_path / "crops.npy"), str(tmp_path), *map(str, models)])
    versions = [line for line in said.splitlines() if line.startswith(engine.split(maxsplit=1)[0])]
    assert len(versions) == len(models) and all(version.startswith(engine) for version in versions)
    worst: dict[str, float] = {}
    for number, model in enumerate(models):
        answers = np.load(tmp_path / f"{number}.npy", allow_pickle=False)
        expected = open_model(model).predict(crops).reshape(len(crops), -1)
        worst[f"{model.parent.name}/{model.name}"] = float(np.abs(answers - expected).max())
    for name, difference in worst.items():
        print(f"{versions[0]}: {name}: {difference:.2g}")
    beyond = {
        name: difference
        for name, difference in worst.items()
        if difference > (INT8_TOLERANCE if "int8" in name or "dynamic" in name else FLOAT_TOLERANCE)
    }
    assert beyond == {}

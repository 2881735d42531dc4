"""What one engine answers: run inside an environment that holds numpy and that engine alone.

python answer.py CROPS.npy FOLDER MODEL... writes FOLDER/MODEL.npy, float32 [B, 2N] in [0, 1], for
crops of uint8 [B, S, S, 3], and prints the engine's name and version. It knows nothing of the project:
this is how an app meets the files.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

_LITE = {
    "tflite-runtime": "tflite_runtime.interpreter",
    "tensorflow-cpu": "tensorflow.lite.python.interpreter",
    "ai-edge-litert": "ai_edge_litert.interpreter",
}


def lite(interpreter: Any, crop: np.ndarray) -> np.ndarray:
    """A TFLite file's answer to one crop."""
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.set_tensor(taken["index"], crop[None].astype(taken["dtype"]))
    interpreter.invoke()
    return interpreter.get_tensor(given["index"])[0].copy()


def answers_of(model: Path) -> tuple[str, Callable[[np.ndarray], np.ndarray]]:
    """The engine that is installed, and the model in it."""
    if model.suffix == ".onnx":
        engine = importlib.import_module("onnxruntime")
        session = engine.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        planes = lambda crop: {name: crop.transpose(2, 0, 1)[None].astype(np.float32)}  # noqa: E731
        return f"onnxruntime {engine.__version__}", lambda crop: session.run(None, planes(crop))[0][0]
    package = next(name for name in _LITE if _installed(name))
    interpreter = importlib.import_module(_LITE[package]).Interpreter(model_path=str(model), num_threads=1)
    interpreter.allocate_tensors()
    return f"{package} {importlib.metadata.version(package)}", lambda crop: lite(interpreter, crop)


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def main(crops: str, folder: str, *models: str) -> None:
    """Every model's answers to all crops."""
    views = np.load(crops, allow_pickle=False)
    for number, model in enumerate(models):
        engine, answer = answers_of(Path(model))
        np.save(Path(folder) / f"{number}.npy", np.stack([answer(crop) for crop in views]))
        print(engine, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

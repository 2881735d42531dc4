"""`facekp-bench --device gpu`: refused where there is none, and never a CPU's time under its name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import onnxruntime
import pytest

from android_bench.engines import gpu as gpu_engines
from android_bench.engines.engines import ENGINES
from android_bench.engines.gpu import GPU_ENGINES
from android_bench.engines.plan import plan
from android_bench.host.bench import bench_models
from android_bench.timing import StopRule
from facekp_export.inference.runtimes import OnnxRuntime
from facekp_train.common.console import UserError
from tests.support.models.tiny_models import tiny_onnx, tiny_tflite

pytest.importorskip("onnx", reason="needs facekp[export]")

RULE = StopRule(min_runs=3, min_seconds=0)


@cache
def _has_a_gpu() -> bool:
    try:
        return bool(gpu_engines.gpu_engines())
    except UserError:
        return False


@pytest.mark.skipif(_has_a_gpu(), reason="this machine has a GPU")
def test_without_a_gpu_one_sentence_says_what_was_looked_for(
    bench: Callable[..., tuple[int, str, str]],
) -> None:
    code, stdout, stderr = bench("--device", "gpu", "--json")
    assert (code, stdout) == (1, "")
    (line,) = stderr.splitlines()
    assert line.startswith("error: no GPU can be used here: onnxruntime ")
    assert "--device cpu" in line


@pytest.mark.skipif(not _has_a_gpu(), reason="needs a GPU")
def test_a_gpu_measures_the_shipped_export(bench: Callable[..., tuple[int, str, str]]) -> None:
    code, stdout, _ = bench("--device", "gpu", "--min-runs", "3", "--json")
    assert code == 0 and '"device": "gpu"' in stdout


def test_a_provider_that_is_not_there_is_no_cpu_in_disguise(tmp_path: Path) -> None:
    """onnxruntime itself would take the CPU without a word."""
    model = tiny_onnx(tmp_path / "a.onnx")
    with pytest.raises(ValueError, match=r"in place of NoSuchProvider|cannot open"):
        OnnxRuntime(model, 1, ("NoSuchProvider",))
    if not _has_a_gpu():
        with pytest.raises(ValueError, match=r"CUDAExecutionProvider|cannot open"):
            GPU_ENGINES["onnxruntime-cuda"].open(model, 1)


def test_a_pretended_gpu_engine_makes_an_invalid_record(tmp_path: Path) -> None:
    model = tiny_onnx(tmp_path / "a.onnx")
    if _has_a_gpu():
        pytest.skip("the engine is true here")
    engines = {"onnxruntime-cuda": GPU_ENGINES["onnxruntime-cuda"]}
    (record,) = bench_models([model], rule=RULE, warmup=0, engines=engines, gpu="none")
    assert (record.device, record.runtime, record.machine.gpu) == ("gpu", "onnxruntime-cuda", "none")
    assert not record.valid and record.p50_ms is None
    assert "onnxruntime cannot open it" in record.invalid_reasons[0]


class StandInOnnxruntime:
    """An onnxruntime that was built with GPU providers, on a machine that has some of them.

    Like the true one it opens by the CPU what it cannot open by the provider asked for, or raises.
    """

    SessionOptions = onnxruntime.SessionOptions
    __spec__ = onnxruntime.__spec__  # by which packages are told to be installed

    def __init__(self, *here: str) -> None:
        self._here = here

    def get_available_providers(self) -> list[str]:
        return ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]

    def InferenceSession(self, path: str, options: object, providers: list[str]) -> object:  # noqa: N802
        if "TensorrtExecutionProvider" in providers and not self._here:
            raise RuntimeError("libnvinfer.so.10 is missing")
        true = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        taken = [name for name in providers if name in self._here] + ["CPUExecutionProvider"]
        return SimpleNamespace(
            get_providers=lambda: taken, get_inputs=true.get_inputs, get_outputs=true.get_outputs
        )


@pytest.mark.parametrize(
    ("here", "usable"),
    [
        ([], []),
        (["CUDAExecutionProvider"], ["onnxruntime-cuda"]),
        (
            ["TensorrtExecutionProvider", "CUDAExecutionProvider"],
            ["onnxruntime-tensorrt", "onnxruntime-cuda"],
        ),
    ],
    ids=["no GPU", "CUDA", "TensorRT"],
)
def test_a_provider_counts_where_it_opens_a_model(
    monkeypatch: pytest.MonkeyPatch, here: list[str], usable: list[str]
) -> None:
    """The wheel with GPU support names all its providers on a machine without a GPU, too."""
    monkeypatch.setitem(sys.modules, "onnxruntime", StandInOnnxruntime(*here))
    monkeypatch.setitem(sys.modules, "torch", None)
    seen = gpu_engines._look()
    assert seen["usable"] == usable
    assert seen["lacking"] == [
        "onnxruntime cannot open a model with TensorrtExecutionProvider or CUDAExecutionProvider",
        "PyTorch is not installed",
    ]


def test_every_engine_of_a_file_is_a_job(tmp_path: Path) -> None:
    onnx, tflite = tiny_onnx(tmp_path / "a.onnx"), tiny_tflite(tmp_path / "a.tflite")
    measurements = plan([onnx, tflite], engines=GPU_ENGINES)
    assert [(each.path, each.engine.name) for each in measurements] == [
        (onnx, name) for name, engine in GPU_ENGINES.items() if engine.suffix == ".onnx"
    ]
    with pytest.raises(UserError, match="none of the files runs on"):
        plan([tflite], engines=GPU_ENGINES)
    with pytest.raises(ValueError, match="there is no runtime 'litert'"):
        plan([onnx], runtimes=["litert"], engines=GPU_ENGINES)


def test_gpu_and_cpu_engines_have_names_and_devices_of_their_own() -> None:
    assert not set(ENGINES) & set(GPU_ENGINES)
    assert {engine.device for engine in ENGINES.values()} == {"cpu"}
    assert {engine.device for engine in GPU_ENGINES.values()} == {"gpu"}

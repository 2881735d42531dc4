"""One interface over ONNX and TFLite files, and raw crops whatever a file's number format."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from facekp_export.inference.metadata import tflite_with_info
from facekp_export.inference.runtimes import KeypointModel, TensorSpec, open_model, open_runtime
from facekp_train.common.shipped import default_model
from facekp_train.crop import CropRule
from facekp_train.landmarks import scheme_of
from tests.support.models.model_info import INFO
from tests.support.models.tiny_models import tiny_onnx, tiny_tflite

SIZE, POINTS = 16, 5
SMALL = replace(INFO, scheme=scheme_of(POINTS), crop=CropRule(size=SIZE), input_type=None)


@pytest.mark.parametrize("make", [tiny_tflite, tiny_onnx])
def test_both_formats_run_through_one_interface(tmp_path: Path, make) -> None:
    if make is tiny_onnx:
        pytest.importorskip("onnx")
    path = make(tmp_path / ("model" + (".onnx" if make is tiny_onnx else ".tflite")), (1, 4))
    runtime = open_runtime(path, threads=2)
    assert runtime.name == ("onnxruntime" if make is tiny_onnx else "litert")
    assert (runtime.path, runtime.threads) == (path, 2)
    assert [(spec.shape, spec.dtype) for spec in runtime.inputs] == [((1, 4), np.float32)] * 2
    runtime.set_inputs([np.full((1, 4), 2, np.float32), np.full((1, 4), 3, np.float32)])
    runtime.invoke()
    first = runtime.results()[0]
    runtime.set_inputs([np.zeros((1, 4), np.float32), np.ones((1, 4), np.float32)])
    runtime.invoke()
    assert np.array_equal(first, np.full((1, 4), 5, np.float32))
    assert np.array_equal(runtime.results()[0], np.ones((1, 4), np.float32))


def test_an_open_dimension_counts_as_one(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    assert open_runtime(tiny_onnx(tmp_path / "a.onnx", ("batch", 4))).inputs[0].shape == (1, 4)


def has_onnxruntime() -> bool:
    """Not with the base install alone."""
    return importlib.util.find_spec("onnxruntime") is not None


def test_refusals_name_the_file(tmp_path: Path) -> None:
    good = tiny_tflite(tmp_path / "good.tflite")
    with pytest.raises(OSError, match=r"absent\.onnx: no such file"):
        open_runtime(tmp_path / "absent.onnx")
    with pytest.raises(ValueError, match=r"model\.pt: a model file ends in"):
        open_runtime(tmp_path / "model.pt")
    with pytest.raises(ValueError, match="at least one thread"):
        open_runtime(good, threads=0)
    with pytest.raises(ValueError, match=r"good\.tflite: no facekp metadata"):
        open_model(good)
    for name in ("bad.tflite", *["bad.onnx"] * has_onnxruntime()):
        (tmp_path / name).write_bytes(b"TFL3TFL3" * 9)
        with pytest.raises(ValueError, match=name) as caught:
            open_runtime(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_metadata_that_the_tensors_contradict_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lies.tflite"
    path.write_bytes(tflite_with_info(tiny_tflite(tmp_path / "a.tflite", constant=1).read_bytes(), INFO))
    with pytest.raises(ValueError, match=r"lies\.tflite: its input"):
        open_model(path)


class Recorder:
    """A runtime that keeps what it is given and answers the crop's first pixels."""

    name, path, threads = "recorder", Path("recorder.tflite"), 1

    def __init__(self, shape: tuple[int, ...], dtype: str, output: TensorSpec) -> None:
        self.inputs = (TensorSpec("crop", shape, np.dtype(dtype)),)
        self.outputs = (output,)
        self.seen: list[NDArray] = []

    def set_inputs(self, arrays) -> None:
        self.seen += arrays

    def invoke(self) -> None: ...

    def results(self) -> list[NDArray]:
        values = np.arange(2 * POINTS) + len(self.seen)
        return [values[None].astype(self.outputs[0].dtype)]


FLOATS = TensorSpec("keypoints", (1, 2 * POINTS), np.dtype("float32"))
BYTES = TensorSpec("keypoints", (1, 2 * POINTS), np.dtype("int8"), 1 / 256, -128)


def crops(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)


def test_every_layout_and_number_format_gets_the_same_pixels() -> None:
    view = crops(1)
    planes = (1, 3, SIZE, SIZE)
    pixels = (1, SIZE, SIZE, 3)
    cases = [(pixels, "uint8"), (pixels, "float32"), (planes, "float32"), (pixels, "int8")]
    for shape, dtype in cases:
        runtime = Recorder(shape, dtype, FLOATS)
        KeypointModel(runtime, SMALL).predict(view)
        given = runtime.seen[0]
        assert given.shape == shape and given.dtype == dtype and given.flags.c_contiguous
        given = given.transpose(0, 2, 3, 1) if shape == planes else given
        shift = 128 if dtype == "int8" else 0
        assert np.array_equal(given.astype(int) + shift, view.astype(int)), (shape, dtype)


def test_each_crop_of_a_batch_has_its_own_answer() -> None:
    model = KeypointModel(Recorder((1, SIZE, SIZE, 3), "uint8", FLOATS), SMALL)
    points = model.predict(crops(3))
    assert points.shape == (3, POINTS, 2) and points.dtype == np.float32
    assert points[0, 0].tolist() == [1, 2] and points[2, 4].tolist() == [11, 12]
    assert model.predict(crops(0)).shape == (0, POINTS, 2)


def test_an_integer_output_is_read_through_its_scale() -> None:
    model = KeypointModel(Recorder((1, SIZE, SIZE, 3), "int8", BYTES), SMALL)
    assert np.allclose(model.predict(crops(1))[0, 0], [(1 + 128) / 256, (2 + 128) / 256])


@pytest.mark.parametrize("worst", [np.nan, np.inf])
def test_an_answer_that_is_no_number_is_refused(worst: float, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = Recorder((1, SIZE, SIZE, 3), "uint8", FLOATS)
    monkeypatch.setattr(runtime, "results", lambda: [np.full((1, 2 * POINTS), worst, np.float32)])
    with pytest.raises(ValueError, match=r"recorder\.tflite: its answer is not finite"):
        KeypointModel(runtime, SMALL).predict(crops(1))


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((1, SIZE, SIZE, 3), np.float32),
        np.zeros((SIZE, SIZE, 3), np.uint8),
        np.zeros((1, 3, SIZE, SIZE), np.uint8),
        np.zeros((1, SIZE + 1, SIZE, 3), np.uint8),
    ],
)
def test_crops_of_another_shape_or_type_are_refused(wrong: NDArray) -> None:
    model = KeypointModel(Recorder((1, SIZE, SIZE, 3), "uint8", FLOATS), SMALL)
    with pytest.raises(ValueError, match=rf"uint8 \[B, {SIZE}, {SIZE}, 3\]"):
        model.predict(wrong)


@pytest.mark.parametrize(
    ("shape", "dtype", "output"),
    [
        ((1, SIZE, SIZE, 1), "uint8", FLOATS),
        ((2, SIZE, SIZE, 3), "uint8", FLOATS),
        ((1, SIZE, SIZE, 3), "float64", FLOATS),
        ((1, SIZE, SIZE, 3), "uint8", TensorSpec("keypoints", (1, 136), np.dtype("float32"))),
    ],
)
def test_a_file_with_other_tensors_is_refused(shape: tuple[int, ...], dtype: str, output: TensorSpec) -> None:
    with pytest.raises(ValueError, match=r"recorder\.tflite: its (in|out)put"):
        KeypointModel(Recorder(shape, dtype, output), SMALL)


def test_an_input_of_another_type_than_the_metadata_says_is_refused() -> None:
    runtime = Recorder((1, SIZE, SIZE, 3), "uint8", FLOATS)
    KeypointModel(runtime, replace(SMALL, input_type="uint8"))
    with pytest.raises(ValueError, match=r"recorder\.tflite: its input is uint8 and its metadata says int8"):
        KeypointModel(runtime, replace(SMALL, input_type="int8"))


@pytest.mark.parametrize("suffix", [".tflite", ".onnx"])
@pytest.mark.parametrize("opener", [open_runtime, open_model])
def test_a_name_that_is_no_text_is_refused_with_the_remedy(tmp_path: Path, suffix: str, opener) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path / "q") + b"\xff" + suffix.encode()))
    try:
        path.write_bytes(default_model().read_bytes())
    except OSError:
        pytest.skip("this file system takes text alone")
    with pytest.raises(ValueError, match=r"not valid UTF-8.*rename it"):
        opener(path)

"""ONNX and TFLite files behind one small interface. Imports neither torch nor tensorflow.

A further format adds a class and one line in `OPENERS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from facekp_export.inference.flatbuffer import refuse_damaged
from facekp_export.inference.metadata import ModelInfo, read_info
from facekp_export.inference.model_path import refuse_unopenable
from facekp_export.inference.noise import without_banner
from facekp_export.inference.onnx_session import CPU, first_line, open_session, quiet_options
from facekp_export.inference.ownership import OfOneThread
from facekp_export.inference.tensor_spec import TensorSpec, differing
from facekp_train.common.console import MOST_THREADS
from facekp_train.landmarks import Floats
from facekp_train.samples import Crops, Image


class Runtime(Protocol):
    """A model file opened by one engine. `invoke` alone is what a benchmark times."""

    name: str
    path: Path
    threads: int
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def set_inputs(self, arrays: Sequence[NDArray[Any]]) -> None:
        """Hand over one array an input, of its dtype and shape, whose open dimensions may be others.

        Raises RuntimeError in another thread than the one that opened the model.
        """
        ...

    def invoke(self) -> None:
        """Run once on the inputs set last. Raises ValueError where the file is damaged."""
        ...

    def results(self) -> list[NDArray[Any]]:
        """Copies of the outputs of the last run."""
        ...


class OnnxRuntime(OfOneThread):
    """An .onnx file through onnxruntime.

    Args:
        path: the file.
        threads: of one call.
        providers: what computes; the first of them must be there.
        entries: of the session's configuration.

    Raises:
        ValueError: where the file cannot be opened or a provider is not to be had.
    """

    name = "onnxruntime"

    def __init__(
        self,
        path: Path,
        threads: int,
        providers: Sequence[str] = CPU,
        entries: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(path, threads)
        options = quiet_options()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        for key, value in entries.items():
            options.add_session_config_entry(key, value)
        try:
            self._session = open_session(path, options, providers)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        # A provider that cannot be loaded is replaced by the CPU without a word.
        if (taken := self._session.get_providers()[0]) != providers[0]:
            raise ValueError(f"{path}: onnxruntime took {taken} in place of {providers[0]}")
        self.inputs = tuple(_onnx_spec(path, node) for node in self._session.get_inputs())
        self.outputs = tuple(_onnx_spec(path, node) for node in self._session.get_outputs())
        self._output_names = [spec.name for spec in self.outputs]
        self._feed: dict[str, NDArray[Any]] = {}
        self._results: list[NDArray[Any]] = []

    def set_inputs(self, arrays: Sequence[NDArray[Any]]) -> None:
        self.check_thread()
        self._feed = {
            # Not ascontiguousarray, which turns a scalar into a vector.
            spec.name: np.asarray(array, order="C")
            for spec, array in zip(self.inputs, arrays, strict=True)
        }

    def invoke(self) -> None:
        try:
            answers = self._session.run(self._output_names, self._feed)
        except Exception as error:  # the library's errors share no base class
            raise ValueError(f"{self.path}: onnxruntime cannot compute it ({first_line(error)})") from None
        self._results = [np.asarray(array) for array in answers]

    def results(self) -> list[NDArray[Any]]:
        return self._results


class LiteRuntime(OfOneThread):
    """A .tflite file on the CPU through LiteRT (XNNPACK where it applies)."""

    name = "litert"

    def __init__(self, path: Path, threads: int) -> None:
        super().__init__(path, threads)
        from ai_edge_litert.interpreter import Interpreter

        try:
            refuse_damaged(path.read_bytes())
            with without_banner():
                self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
                self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"{path}: LiteRT cannot open it ({first_line(error)})") from None
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self.inputs = tuple(map(_lite_spec, inputs))
        self.outputs = tuple(map(_lite_spec, outputs))
        self._input_indices = [int(detail["index"]) for detail in inputs]
        self._output_indices = [int(detail["index"]) for detail in outputs]

    def set_inputs(self, arrays: Sequence[NDArray[Any]]) -> None:
        self.check_thread()
        resized = [
            (index, array.shape)
            for index, spec, array in zip(self._input_indices, self.inputs, arrays, strict=True)
            if spec.open and array.shape != spec.shape
        ]
        try:
            for index, shape in resized:
                self._interpreter.resize_tensor_input(index, shape, strict=True)
            if resized:
                self._interpreter.allocate_tensors()
            for index, array in zip(self._input_indices, arrays, strict=True):
                self._interpreter.set_tensor(index, array)
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"{self.path}: LiteRT cannot take such inputs ({first_line(error)})") from None

    def invoke(self) -> None:
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise ValueError(f"{self.path}: LiteRT cannot compute it ({first_line(error)})") from None

    def results(self) -> list[NDArray[Any]]:
        return [self._interpreter.get_tensor(index) for index in self._output_indices]


def _onnx_spec(path: Path, node: Any) -> TensorSpec:
    name = str(node.type).removeprefix("tensor(").removesuffix(")")
    try:
        dtype = np.dtype({"float": "float32", "double": "float64"}.get(name, name))
    except TypeError:
        dtype = np.dtype(np.void)
    # Where other packages teach numpy bfloat16 and its like, they are void to it too.
    if dtype.kind not in "fiub":
        numbers = re.fullmatch(r"(b?float|u?int)\d+\w*", name)
        reason = "a type that cannot be filled in; export it with float32" if numbers else "not numbers"
        raise ValueError(f"{path}: its tensor '{node.name}' holds {node.type}, {reason}")
    shape = tuple(size if isinstance(size, int) and size >= 0 else 1 for size in node.shape)
    return TensorSpec(node.name, shape, dtype, open=differing(shape, node.shape))


def _lite_spec(detail: dict[str, Any]) -> TensorSpec:
    scale, zero_point = detail["quantization"]
    shape = tuple(int(size) for size in detail["shape"])
    left_open = differing(shape, detail["shape_signature"])
    return TensorSpec(
        detail["name"], shape, np.dtype(detail["dtype"]), float(scale), int(zero_point), left_open
    )


OPENERS: dict[str, Callable[[Path, int], Runtime]] = {".onnx": OnnxRuntime, ".tflite": LiteRuntime}


def open_runtime(path: Path | str, threads: int = 1) -> Runtime:
    """Open a model file by its suffix.

    Args:
        path: an .onnx or .tflite file.
        threads: of one call.

    Raises:
        OSError: for a missing file.
        ValueError: for an unknown suffix, a damaged file or a number of threads that is not sound.
    """
    path = Path(path)
    opener = OPENERS.get(path.suffix.lower())
    if opener is None:
        raise ValueError(f"{path}: a model file ends in {' or '.join(OPENERS)}")
    refuse_unopenable(path)
    if threads < 1:
        raise ValueError(f"a model runs on at least one thread, not {threads}")
    if threads > MOST_THREADS:
        raise ValueError(f"a model runs on at most {MOST_THREADS} threads, not {threads}")
    return opener(path, threads)


class KeypointModel:
    """A keypoint model that takes raw crops whatever the file's layout and number format.

    Raises:
        ValueError: where the file's tensors are not those that its metadata promises.
    """

    def __init__(self, runtime: Runtime, info: ModelInfo) -> None:
        self.runtime, self.info = runtime, info
        size = info.crop.size
        shapes = [spec.shape for spec in runtime.inputs]
        if shapes not in ([(1, size, size, 3)], [(1, 3, size, size)]):
            raise ValueError(
                f"{runtime.path}: its input {shapes} is not an RGB crop of {size} x {size} pixels"
            )
        if [spec.shape for spec in runtime.outputs] != [(1, 2 * info.points)]:
            raise ValueError(f"{runtime.path}: its output is not [1, {2 * info.points}]")
        self._channels_first = shapes == [(1, 3, size, size)]
        self._input, self._output = runtime.inputs[0], runtime.outputs[0]
        if self._input.dtype not in (np.uint8, np.int8, np.float32):
            raise ValueError(f"{runtime.path}: its input is {self._input.dtype}, not uint8, int8 or float32")
        if info.input_type not in (None, self._input.dtype.name):
            raise ValueError(
                f"{runtime.path}: its input is {self._input.dtype} and its metadata says {info.input_type}; "
                "export it again"
            )

    def predict(self, crops: Crops) -> NDArray[np.float32]:
        """Keypoints of raw crops.

        Args:
            crops: uint8 [B, S, S, 3] RGB, S the side of the crop rule.

        Returns:
            float32 [B, N, 2] in [0, 1] of the crop, x then y.

        Raises:
            ValueError: for crops of another shape or type, and where a damaged file cannot be computed
                or answers with what is no number.
        """
        size = self.info.crop.size
        if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[1:] != (size, size, 3):
            raise ValueError(
                f"{self.info.name} takes crops of uint8 [B, {size}, {size}, 3], "
                f"not {crops.dtype} {list(crops.shape)}"
            )
        points = np.empty((len(crops), 2 * self.info.points), np.float32)
        for row, crop in zip(points, crops, strict=True):
            self.runtime.set_inputs([self._encode(crop)])
            self.runtime.invoke()
            row[:] = self._decode(self.runtime.results()[0])
        if not np.isfinite(points).all():
            raise ValueError(
                f"{self.runtime.path}: its answer is not finite, so its weights are damaged; export it again"
            )
        return points.reshape(len(crops), self.info.points, 2)

    def _encode(self, crop: Image) -> NDArray[Any]:
        view = np.ascontiguousarray(crop.transpose(2, 0, 1) if self._channels_first else crop)[None]
        if self._input.dtype == np.int8:
            # The raw byte b stands for b / 128 - 1, which int8 stores as b - 128.
            return (view ^ 0x80).view(np.int8)
        return view.astype(self._input.dtype, copy=False)

    def _decode(self, output: NDArray[Any]) -> Floats:
        if self._output.scale == 0:
            return output[0]
        return self._output.scale * (output[0].astype(np.float32) - self._output.zero_point)


def open_model(path: Path | str, threads: int = 1) -> KeypointModel:
    """Open one of our exported files.

    Args:
        path: an .onnx or .tflite file.
        threads: of one call.

    Raises:
        OSError: for a missing file.
        ValueError: for a foreign or damaged one.
    """
    path = Path(path)
    info = read_info(path)
    if info is None:
        raise ValueError(
            f"{path}: no facekp metadata inside, so its crop rule is unknown; export it with facekp-export"
        )
    return KeypointModel(open_runtime(path, threads), info)

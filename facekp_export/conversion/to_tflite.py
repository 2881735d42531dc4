"""ONNX to TFLite in every kind: onnx2tf makes a TensorFlow function, TensorFlow's converter the files.

onnx2tf's own way to files saves a Keras model several times and takes a minute; this takes seconds.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from facekp_export.conversion.int8_input import with_int8_input
from facekp_export.conversion.toolchain import keras_of, load_tensorflow
from facekp_export.inference.flatbuffer import TfliteModel, operator_name, read_model, write_model
from facekp_export.quantization.float_weights import with_float_weights
from facekp_export.quantization.onnx_graph import INPUT, OUTPUT, split_normalization
from facekp_export.quantization.output_bias import unbiased_tflite
from facekp_export.quantization.ranges import without_outliers
from facekp_train.common.console import UserError
from facekp_train.samples import Crops

if TYPE_CHECKING:
    import onnx

# onnx2tf fetches this file from the net to check itself, unless the current folder has it.
_SAMPLE_DATA = "calibration_image_sample_data_20x128x128x3_float32.npy"
# Per-channel dense layers are what older engines refuse, or read wrongly without a word.
_DENSE_PER_TENSOR = "_experimental_disable_per_channel_quantization_for_dense_layers"
# Lines that surround the reason in Keras's messages.
_WITHOUT_REASON = ("Exception encountered", "Call arguments", "  •")


class TfliteConverter:
    """One ONNX model (float32 NCHW) on its way to TFLite files (NHWC) of several kinds."""

    def __init__(self, model: onnx.ModelProto, crops: Crops) -> None:
        """Raises UserError naming the layer that TensorFlow cannot express."""
        self._tf = load_tensorflow()
        self._crops = crops
        body, self._scale, self._offset = split_normalization(model)
        self._size = int(crops.shape[1])
        self._keras = _to_keras(body)

    def convert(self, kind: str) -> bytes:
        """The file's content. Raises UserError where TensorFlow's converter gives up."""
        tf = self._tf
        try:
            if kind == "float32":
                data = self._float32
            elif kind == "float16":
                data = self._float(target_spec=tf.lite.TargetSpec(supported_types=[tf.float16]))
            elif kind == "dynamic":
                data = self._dynamic()
            elif kind == "int8":
                data = self._uint8
            elif kind == "int8_in":
                return with_int8_input(write_model(_named(read_model(self._uint8))))
            else:
                data = self._integer(tf.int8, tf.int8, [])
        except Exception as error:  # the converter raises many types without a common base
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise UserError(f"TensorFlow's converter cannot make the {kind} file: {lines[0]}") from error
        return write_model(_named(read_model(data)))

    def _float(self, **settings: Any) -> bytes:
        """A file that takes the raw crop in float32; with settings, one with smaller weights."""
        converter = self._converter(self._raw)
        if settings:
            converter.optimizations = [self._tf.lite.Optimize.DEFAULT]
        for name, value in settings.items():
            setattr(converter, name, value)
        return bytes(converter.convert())

    @cached_property
    def _float32(self) -> bytes:
        return self._float()

    def _dynamic(self) -> bytes:
        """A file whose weights are mostly int8; what comes to such a layer is rounded while it runs."""
        crops = self._crops.astype(np.float32)
        content = with_float_weights(self._float(**{_DENSE_PER_TENSOR: True}), self._float32)
        return unbiased_tflite(content, self._float32, crops, crops)

    @cached_property
    def _raw(self) -> Any:
        """The TensorFlow function that takes the raw crop, of all float kinds."""
        scale, offset = self._scale, self._offset
        return self._traced(lambda crop: self._keras(crop * scale + offset))

    @cached_property
    def _inputs(self) -> NDArray[np.float32]:
        """The crops, normalized."""
        return self._crops.astype(np.float32) * np.float32(self._scale) + np.float32(self._offset)

    @cached_property
    def _calibrated(self) -> bytes:
        """The net without normalization, with the range of every tensor over the crops, outliers left out."""
        converter = self._converter(self._traced(self._keras))
        converter.optimizations = [self._tf.lite.Optimize.DEFAULT]
        # One crop, which has the input's whole range, makes the places of the others' ranges.
        converter.representative_dataset = lambda: ([values[None]] for values in self._inputs[:1])
        converter._experimental_calibrate_only = True
        return without_outliers(bytes(converter.convert()), self._inputs)

    @cached_property
    def _uint8(self) -> bytes:
        """The int8 file, which takes uint8 and gives float32."""
        data = self._integer(self._tf.uint8, self._tf.float32, self._float_tail())
        return unbiased_tflite(data, self._calibrated, self._inputs, self._crops)

    def _float_tail(self) -> list[str]:
        """TensorFlow's names of the last dense layer and what follows it, as in `to_onnx.float_tail`."""
        model = read_model(self._calibrated)
        graph = model.subgraphs[0]
        names = [graph.tensors[operator.outputs[0]].name.decode() for operator in graph.operators]
        kinds = [operator_name(model, operator) for operator in graph.operators]
        last = max(i for i, kind in enumerate(kinds) if kind in ("FULLY_CONNECTED", "CONV_2D"))
        return names[last:]

    def _integer(self, input_type: Any, output_type: Any, float_nodes: list[str]) -> bytes:
        from tensorflow.lite.python.convert import mlir_quantize

        # What TFLiteConverter calls itself, but for the list of operators to leave in float.
        quantized: Any = mlir_quantize(
            self._calibrated, input_data_type=input_type, output_data_type=output_type,
            denylisted_nodes=float_nodes, disable_per_channel_for_dense_layers=True,
        )  # fmt: skip
        return bytes(quantized)

    def _traced(self, function: Any) -> Any:
        tf = self._tf
        signature = tf.TensorSpec([1, self._size, self._size, 3], tf.float32, name=INPUT)
        return tf.function(function).get_concrete_function(signature)

    def _converter(self, traced: Any) -> Any:
        # Without the Keras model as second argument: it would be saved, which takes 15 s.
        return self._tf.lite.TFLiteConverter.from_concrete_functions([traced])


def _to_keras(model: onnx.ModelProto) -> Any:
    """The model as a Keras model that takes NHWC."""
    import onnx

    stdout = io.StringIO()
    with _in_temporary_folder() as folder:
        np.save(folder / _SAMPLE_DATA, np.zeros((20, 128, 128, 3), np.float32))
        onnx.save(model, str(folder / "model.onnx"))
        try:
            with contextlib.redirect_stdout(stdout):
                return keras_of("model.onnx")
        except (Exception, SystemExit) as error:  # it exits on some models that it cannot read
            raise UserError(_explained(model, stdout.getvalue(), error)) from error
        finally:
            print(stdout.getvalue())


def _explained(model: onnx.ModelProto, stdout: str, error: BaseException) -> str:
    """One sentence on a failed conversion: the layer, and onnx2tf's reason."""
    layers = re.findall(r"onnx_op_name: (\S+)", stdout)
    lines = [line for line in str(error).splitlines() if line and not line.startswith(_WITHOUT_REASON)]
    reason = lines[0] if lines else type(error).__name__
    if isinstance(error, ModuleNotFoundError) and (error.name or "").startswith("onnx2tf.ops."):
        unknown = str(error.name).rpartition(".")[2]
        layers = [node.name for node in model.graph.node if node.op_type == unknown]
        reason = f"onnx2tf does not know the operator {unknown}"
    elif isinstance(error, SystemExit):
        printed = re.findall(r"ERROR:\S* (?!\w+: )(.+)", stdout)
        reason = printed[0] if printed else "onnx2tf gave up"
    layer = f"the layer '{layers[-1]}'" if layers else "the net"
    return f"{layer} cannot be converted to TensorFlow: {reason}; build it from other operations"


@contextlib.contextmanager
def _in_temporary_folder() -> Iterator[Path]:
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="facekp-") as name:
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(before)


def _named(model: TfliteModel) -> TfliteModel:
    """Input and output under our names; the converter leaves its own on the output."""
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = INPUT
    graph.tensors[graph.outputs[0]].name = OUTPUT
    return model

"""ONNX to int8 ONNX for onnxruntime: QDQ, uint8 activations, the head's end in float."""

from __future__ import annotations

import io
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facekp_export.quantization.onnx_graph import INPUT, float_tail, normalization_nodes
from facekp_export.quantization.onnx_ranges import percentile_ranges
from facekp_export.quantization.output_bias import unbiased_onnx
from facekp_train.samples import Crops

if TYPE_CHECKING:
    import onnx


def quantize_onnx(model: onnx.ModelProto, crops: Crops) -> onnx.ModelProto:
    """The model in int8; input and output stay float32.

    uint8 activations: with int8 ones onnxruntime was slower than float32 on x86. The input's
    normalization and the last layers stay in float, where they cost next to nothing. Ranges leave out
    each tensor's rarest values: a handful of outliers would take resolution from all others.

    Args:
        model: the float model; it stays as it is.
        crops: uint8 [B, S, S, 3] RGB, raw; ranges are measured on all of them.
    """
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Reader(CalibrationDataReader):
        """One crop: the ranges that it gives are replaced."""

        def __init__(self) -> None:
            self._rest = iter(crops[:1])

        def get_next(self) -> dict[str, np.ndarray] | None:  # type: ignore[override]
            crop = next(self._rest, None)
            if crop is None:
                return None
            return {INPUT: np.ascontiguousarray(crop.transpose(2, 0, 1)[None], np.float32)}

    # The quantizer moves the weights of the model that it is given out of it.
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    ranges = percentile_ranges(model, crops)
    overrides = {name: [{"rmin": low, "rmax": high}] for name, (low, high) in ranges.items()}
    kept = [node.name for node in (*normalization_nodes(model), *float_tail(model))]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "model_int8.onnx"
        with redirect_stdout(io.StringIO()):  # the calibrator tells of itself
            quantize_static(
                copy, target, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, nodes_to_exclude=kept,
                calibrate_method=CalibrationMethod.MinMax,
                extra_options={"TensorQuantOverrides": overrides},
            )  # fmt: skip
        return unbiased_onnx(onnx.load(target), model, crops)

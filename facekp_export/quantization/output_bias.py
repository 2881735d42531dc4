"""Take away what quantizing adds to every answer: each coordinate's mean shift over the calibration crops.

Rounding and cut-off outliers move the mean of what layers compute, and the last layer sums that up.
That layer's bias stays in float, so it can give it back, measured before the sigmoid. After Nagel et
al., "Data-Free Quantization Through Weight Equalization and Bias Correction", section 4.2
(https://arxiv.org/abs/1906.04721), at the net's end alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facekp_export.inference.flatbuffer import operator_name, read_model, write_model
from facekp_export.inference.onnx_session import quiet_session
from facekp_export.quantization.onnx_graph import INPUT, float_tail
from facekp_train.landmarks import Floats
from facekp_train.samples import Crops

if TYPE_CHECKING:
    import onnx

# A sigmoid's float32 answers can reach 0 and 1, whose logits are infinite.
_NEAREST = 1e-6


def logit_shift(truth: Floats, answers: Floats) -> NDArray[np.float32]:
    """What to add to each logit so that sigmoid answers meet the truth on average.

    Args:
        truth: [K, M] in [0, 1].
        answers: [K, M] in [0, 1].

    Returns:
        float32 [M].
    """
    return np.mean(_logit(truth) - _logit(answers), axis=0).astype(np.float32)


def unbiased_onnx(quantized: onnx.ModelProto, model: onnx.ModelProto, crops: Crops) -> onnx.ModelProto:
    """Let the last dense layer's bias make up for an int8 model's mean difference from the float one.

    Args:
        quantized: the int8 model, changed in place.
        model: the float one.
        crops: uint8 [B, S, S, 3] RGB.

    Returns:
        `quantized`; as it was where the model does not end in a dense layer with a bias and a sigmoid.

    Source:
        Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", section
        4.2 (https://arxiv.org/abs/1906.04721), at the net's end alone.
    """
    from onnx import numpy_helper

    tail = float_tail(model)
    if [node.op_type for node in tail] != ["Gemm", "Sigmoid"] or len(tail[0].input) < 3:
        return quantized
    shift = logit_shift(_onnx_answers(model, crops), _onnx_answers(quantized, crops))
    bias = next(tensor for tensor in quantized.graph.initializer if tensor.name == tail[0].input[2])
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + shift, bias.name))
    return quantized


def unbiased_tflite(quantized: bytes, content: bytes, inputs: Floats, crops: Crops | Floats) -> bytes:
    """The same for a TFLite file.

    Args:
        quantized: content of the file, which takes raw crops.
        content: of a float file, which takes `inputs`.
        inputs: the crops, as that one takes them.
        crops: uint8 or float32 [B, S, S, 3] RGB, as `quantized` takes them.

    Returns:
        The file's new content; as it was where it does not end in a dense layer with a bias and a sigmoid.
    """
    model = read_model(quantized)
    graph = model.subgraphs[0]
    if [operator_name(model, o) for o in graph.operators[-2:]] != ["FULLY_CONNECTED", "LOGISTIC"]:
        return quantized
    last = graph.operators[-2]
    # An untrained net's biases are nought, and the converter leaves them out.
    if last.inputs[2] < 0:
        return quantized
    shift = logit_shift(_tflite_answers(content, inputs), _tflite_answers(quantized, crops))
    buffer = model.buffers[graph.tensors[last.inputs[2]].buffer]
    bias = np.frombuffer(bytes(buffer.data), np.float32) + shift
    buffer.data = np.frombuffer(bias.astype(np.float32).tobytes(), np.uint8)
    return write_model(model)


def _onnx_answers(model: onnx.ModelProto, crops: Crops) -> Floats:
    session = quiet_session(model)
    feeds = ({INPUT: np.ascontiguousarray(crop.transpose(2, 0, 1)[None], np.float32)} for crop in crops)
    return np.concatenate([np.asarray(session.run(None, feed)[0]) for feed in feeds])


def _tflite_answers(content: bytes, inputs: NDArray[np.generic]) -> Floats:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    answers = []
    for values in inputs:
        interpreter.set_tensor(taken["index"], values[None])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(given["index"]))
    return np.concatenate(answers)


def _logit(share: Floats) -> Floats:
    inside = np.clip(share.astype(np.float64), _NEAREST, 1 - _NEAREST)
    return np.log(inside / (1 - inside))

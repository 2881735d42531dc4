"""onnxruntime's session of a model, or one sentence with the remedy."""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facekp_export.inference.onnx_weights import DAMAGED, refuse_foreign_weights
from facekp_train.common.console import require

if TYPE_CHECKING:
    import onnx
    import onnxruntime

CPU = ("CPUExecutionProvider",)
PACKAGE, EXTRA = "onnxruntime", "onnx"
"""What runs ONNX files, and the extra of facekp that brings it."""


def _engine() -> Any:
    """onnxruntime. Raises UserError with the line that installs it."""
    require(EXTRA, PACKAGE)
    return importlib.import_module(PACKAGE)


def quiet_session(model: onnx.ModelProto, optimize: bool = True) -> onnxruntime.InferenceSession:
    """The session of a model on the CPU, which may merge operators. Raises ValueError as `open_session`."""
    options = quiet_options()
    options.intra_op_num_threads = 1
    if not optimize:
        options.graph_optimization_level = _engine().GraphOptimizationLevel.ORT_DISABLE_ALL
    return open_session(model, options)


def quiet_options() -> onnxruntime.SessionOptions:
    """A session's options, so that it prints nothing: what it says comes as an error."""
    options = _engine().SessionOptions()
    options.log_severity_level = 4
    return options


def open_session(
    model: onnx.ModelProto | Path, options: onnxruntime.SessionOptions, providers: Sequence[str] = CPU
) -> onnxruntime.InferenceSession:
    """The session of an ONNX model or file.

    Raises ValueError, without the path, for a file that is no ONNX, lacks its weights, keeps them outside
    its folder or needs operators that are not here; UserError where onnxruntime is not installed.
    """
    engine = _engine()
    if isinstance(model, Path):
        refuse_foreign_weights(model)
    content = str(model) if isinstance(model, Path) else model.SerializeToString()
    try:
        return engine.InferenceSession(content, options, providers=list(providers))
    except Exception as error:  # the library's errors share no base class
        raise ValueError(f"onnxruntime cannot open it {_reason(error)}") from None


def first_line(error: Exception) -> str:
    """The beginning of what an engine says, or its error's name where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _reason(error: Exception) -> str:
    """What is wrong and what to do about it, in the engine's words of several versions."""
    message = str(error)
    if "INVALID_PROTOBUF" in message or "ModelProto does not have a graph" in message:
        return DAMAGED
    engine = f"({first_line(error)})"
    if any(
        words in message
        for words in ("not a registered function/op", "No Op registered", "implementation for")
    ):
        return f"{engine}; models with custom operators cannot be run here, so export it without them"
    if "guarantees" in message and "opset" in message:
        return "(its opset is newer than this onnxruntime); update that, or export it for an older opset"
    # The model itself is there: its weights, in a file of their own, are not.
    if "No such file" in message or "External data path" in message:
        named = re.search(r"\[([^][]+)\]\s*$", message)
        return (
            f"{engine}; put {Path(named[1]).name if named else 'it'}, the file of its weights, "
            "beside the model"
        )
    return engine

"""onnxruntime's session of a file, or one sentence with the remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnxruntime

CPU = ("CPUExecutionProvider",)


def open_session(
    path: Path, options: onnxruntime.SessionOptions, providers: Sequence[str] = CPU
) -> onnxruntime.InferenceSession:
    """The session of an ONNX file.

    Raises ValueError, without the path, for a file that is no ONNX, lacks its weights or needs
    operators that are not here.
    """
    import onnxruntime

    try:
        return onnxruntime.InferenceSession(str(path), options, providers=list(providers))
    except Exception as error:  # the library's errors share no base class
        raise ValueError(f"onnxruntime cannot open it {_reason(error)}") from None


def first_line(error: Exception) -> str:
    """The beginning of what an engine says, or its error's name where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _reason(error: Exception) -> str:
    """What is wrong and what to do about it, in the engine's words of several versions."""
    said = str(error)
    if "INVALID_PROTOBUF" in said or "ModelProto does not have a graph" in said:
        return "(damaged, cut short, or not an ONNX file); copy or export it again"
    engine = f"({first_line(error)})"
    if any(
        words in said for words in ("not a registered function/op", "No Op registered", "implementation for")
    ):
        return f"{engine}; models with custom operators cannot be run here, so export it without them"
    if "guarantees" in said and "opset" in said:
        return "(its opset is newer than this onnxruntime); update that, or export it for an older opset"
    # The model itself is there: its weights, in a file of their own, are not.
    if "No such file" in said or "External data path" in said:
        named = re.search(r"\[([^][]+)\]\s*$", said)
        return (
            f"{engine}; put {Path(named[1]).name if named else 'it'}, the file of its weights, "
            "beside the model"
        )
    return engine

"""Milliseconds of a candidate, measured by the toolkit's own commands as processes of their own."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facekp_train.common.console import UserError
from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
from facekp_train.networks.keypoint_net import KeypointNet
from facekp_train.pipeline.upper_floors import ProgramError, benchmark, export


def exported_ms(net: KeypointNet, header: CheckpointHeader) -> float:
    """Median time of one crop on ONNX Runtime with one thread, ms.

    The net is exported by facekp-export and measured by facekp-bench. Raises UserError where either
    fails, or where facekp-bench does not believe its own figures.
    """
    with tempfile.TemporaryDirectory(prefix="facekp-candidate-") as folder:
        checkpoint, exports = Path(folder) / "candidate.safetensors", Path(folder) / "exports"
        save_checkpoint(checkpoint, net, header.model_copy(update={"net": net.config}))
        try:
            # A candidate that is not yet retrained may suffer from int8; its float32 file is measured.
            export("--model", checkpoint, "--to", "onnx", "--out", exports, "--tolerance", "1000")
            record = benchmark("--models", exports / "model.onnx", "--runtime", "onnxruntime")[0]
        except ProgramError as error:
            raise UserError(f"a budget in ms needs {error.program}, which failed: {error}") from None
    if not record["valid"]:
        raise UserError(
            f"facekp-bench found its measurement invalid ({'; '.join(record['invalid_reasons'])}); "
            "try again on a less busy machine, or give the budget in MMACs"
        )
    return median_ms(record)


def median_ms(record: Mapping[str, Any]) -> float:
    """The median of a valid record of facekp-bench, ms: of CPU time where it was taken, else wall time."""
    return float(record["p50_ms"] if record.get("cpu_p50_ms") is None else record["cpu_p50_ms"])

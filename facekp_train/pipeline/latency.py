"""Milliseconds of a candidate, measured by the toolkit's own commands as processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from facekp_train.common.console import UserError
from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
from facekp_train.networks.keypoint_net import KeypointNet


def exported_ms(net: KeypointNet, header: CheckpointHeader) -> float:
    """Median time of one crop on ONNX Runtime with one thread, ms.

    The net is exported by facekp-export and measured by facekp-bench. Raises UserError where either
    fails, or where facekp-bench does not believe its own figures.
    """
    with tempfile.TemporaryDirectory(prefix="facekp-candidate-") as folder:
        checkpoint, exports = Path(folder) / "candidate.safetensors", Path(folder) / "exports"
        save_checkpoint(checkpoint, net, header.model_copy(update={"net": net.config}))
        # A candidate that is not yet retrained may suffer from int8; its float32 file is measured.
        _run("facekp_export", "--model", checkpoint, "--to", "onnx", "--out", exports, "--tolerance", "1000")
        told = _run("android_bench", "--models", exports / "model.onnx", "--runtime", "onnxruntime", "--json")
    record = json.loads(told)["records"][0]
    if not record["valid"]:
        raise UserError(
            f"facekp-bench does not believe its measurement ({'; '.join(record['invalid_reasons'])}); "
            "try again on a calmer machine, or give the budget in MMACs"
        )
    return float(record["p50_ms"])


def _run(module: str, *arguments: object) -> str:
    """Standard output of a command; its last line of complaint where it fails."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        complaint = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UserError(f"a budget in ms needs {module.replace('_', '-')}, which failed: {complaint}")
    return done.stdout

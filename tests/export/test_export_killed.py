"""`facekp-export` killed in each of its steps: the folder stays as it was, and the next export is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from facekp_export.verification.check import check_integrity, find_models
from facekp_train.common.files import sha256_of
from facekp_train.crop import CropRule
from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
from facekp_train.networks.keypoint_net import NetConfig
from tests.support.extras import needs_export
from tests.support.models.small_nets import acquainted_net, noise_crops

needs_export()

pytestmark = pytest.mark.slow

SIZE = 64
# The command, but for its report, which never ends: that of ONNX files is else too short to be met.
REPORTING = """
import time
from facekp_export import cli, export
export.write_report = lambda *_: time.sleep(300)
cli.main()
"""


def _contents(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in folder.iterdir() if not path.name.startswith(".")}


def test_killed_in_a_step_the_last_export_stays(tmp_path: Path) -> None:
    """In conversions of both families and in the report; where FACEKP_FUZZ is set, in each of the first six.

    A step's line appears when it is done, so each kill falls into the step after it. What need not be
    TFLite files are ONNX files alone, which take a fraction of the time.
    """
    config = NetConfig(points=5, size=SIZE, widths=(8,) * 16, hidden=16, heatmap_width=0)
    net = acquainted_net(config, noise_crops(32, SIZE))
    model, out = tmp_path / "small.safetensors", tmp_path / "exports" / "small"
    save_checkpoint(model, net, CheckpointHeader(net=config, crop=CropRule(size=SIZE).as_dict()))
    words = ["--tolerance", "99", "--model", str(model), "--out", str(out)]
    program, onnx = [sys.executable, "-m", "facekp_export"], [*words, "--to", "onnx", "--name"]
    done = subprocess.run([*program, *onnx, "first"], capture_output=True, text=True, check=True, timeout=300)
    before, report = _contents(out), len(done.stderr.splitlines())
    kills = [
        ([*program, *words], step) for step in (range(1, 7) if os.environ.get("FACEKP_FUZZ") else (1, 4))
    ]
    kills.append(([sys.executable, "-c", REPORTING, *onnx, "second"], report - 1))
    for command, step in kills:
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith(f"{step}."):
                    break
            process.kill()
        assert process.returncode == -signal.SIGKILL, f"ended before step {step + 1}"
        assert _contents(out) == before
    subprocess.run([*program, *onnx, "second"], capture_output=True, check=True, timeout=300)
    assert check_integrity(find_models(out), out).good
    after = _contents(out)
    assert after.keys() == before.keys() and after["model.onnx"] != before["model.onnx"]
    assert [path.name for path in out.parent.iterdir()] == [out.name]

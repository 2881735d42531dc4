"""A net pruned in every group exports like any other: no operator is added for the odd widths."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from facekp_export.inference.flatbuffer import operators, read_model
from facekp_export.inference.runtimes import open_model
from facekp_export.quantization.calibration import demo_views
from facekp_train.networks.checkpoint import load_checkpoint, save_checkpoint
from facekp_train.pruning.groups import find_groups
from facekp_train.pruning.moments import collect_moments
from facekp_train.pruning.scores import rank
from facekp_train.pruning.surgery import remove
from tests.support.extras import needs_export
from tests.support.models.small_nets import save_small_checkpoint

pytestmark = pytest.mark.slow

needs_export()


@pytest.fixture(scope="module")
def pruned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small trained net without three channels of every group: widths of 5, 13, 21 and so on."""
    folder = tmp_path_factory.mktemp("pruned")
    checkpoint = load_checkpoint(save_small_checkpoint(folder / "small.safetensors"))
    crops = torch.from_numpy(demo_views(checkpoint.header.crop_rule, 32)).permute(0, 3, 1, 2)
    net = checkpoint.net
    groups = find_groups(net, "all")
    moments = collect_moments(net, [c.layer for g in groups for c in g.consumers], [crops], pairs=True)
    for group in groups:
        keep = rank(net, group, moments, "greedy", "lstsq").keep(group.width - 3)
        net = remove(net, group, keep, moments, "lstsq")
    path = folder / "pruned.safetensors"
    save_checkpoint(path, net, checkpoint.header.model_copy(update={"net": net.config}))
    return path


def test_a_pruned_net_exports_and_answers_as_in_pytorch(pruned: Path, tmp_path: Path) -> None:
    command = ["--model", pruned, "--to", "tflite", "--out", tmp_path / "exports", "--tolerance", 5]
    done = subprocess.run(
        [sys.executable, "-m", "facekp_export", *map(str, command)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    checkpoint = load_checkpoint(pruned)
    crops = demo_views(checkpoint.header.crop_rule, 8)
    file = tmp_path / "exports" / "model_float32.tflite"
    assert abs(open_model(file).predict(crops) - checkpoint.predict(crops)).max() < 1e-4
    used = {operator.name for operator in operators(read_model(file.read_bytes()))}
    assert not used & {"PAD", "PADV2", "TRANSPOSE", "GATHER", "SLICE", "CONCATENATION"}, used

"""`facekp-train prune` on faces of colored discs: what it leaves behind, resumes and refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from facekp_train.cli import app
from facekp_train.common.console import run
from facekp_train.crop import CropRule
from facekp_train.networks.checkpoint import CheckpointHeader, load_checkpoint, save_checkpoint
from facekp_train.networks.keypoint_net import NetConfig, build_net
from facekp_train.pipeline.layerwise import PLAN_FILE, REPORT_FILE
from facekp_train.pruning.cost import net_cost
from tests.support.models.quick_fits import QUICK

# The net's sizes come from the checkpoint, not from the settings.
SETTINGS = [
    f"--set={s}" for s in QUICK if s.startswith(("precision", "learning_rate", "batch", "ema"))
] + ["--set=validation_limit=8"]  # fmt: skip

# The defaults find enough filters of an untrained net that never vary, and lose nothing to report.
HALF = ("--rate=0.5", "--layers-per-step=8", "--score=paper", "--repair=mean")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of hidden widths 24 for five points."""
    torch.manual_seed(0)
    config = NetConfig(points=5, size=64, widths=(24,) * 16, hidden=16, heatmap_width=8)
    path = tmp_path_factory.mktemp("model") / "wide.safetensors"
    header = CheckpointHeader(net=config, crop=CropRule(size=64).as_dict())
    save_checkpoint(path, build_net(config), header)
    return path


def prune(model: Path, discs: Path, out: Path, *arguments: str) -> int:
    """The command's exit code."""
    torch.set_num_threads(1)
    words = ["prune", f"--model={model}", f"--data=mtfl:{discs}", f"--out={out}", *SETTINGS, *arguments]
    with pytest.raises(SystemExit) as exited:
        run(app, words)
    return int(exited.value.code or 0)


@pytest.fixture(scope="module")
def pruned(model: Path, discs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run: two steps of eight layers."""
    out = tmp_path_factory.mktemp("pruned") / "run"
    assert prune(model, discs, out, *HALF) == 0
    return out


@pytest.mark.slow
def test_the_result_is_smaller_and_the_report_tells_every_step(pruned: Path, model: Path) -> None:
    best = load_checkpoint(pruned / "best.safetensors")
    assert best.header.net.widths == (16,) * 16
    report = json.loads((pruned / REPORT_FILE).read_text())
    cost = net_cost(best.net)
    assert (report["bytes"], report["macs"]) == cost
    assert cost.macs < net_cost(load_checkpoint(model).net).macs
    cuts = [[cut["group"] for cut in step["cuts"]] for step in report["steps"]]
    blocks = [int(name.split(".")[2]) for step in cuts for name in step]
    assert [len(step) for step in cuts] == [8, 8] and blocks == list(range(17, 1, -1))
    for step in report["steps"]:
        assert step["figures"]["nme"] > 0
        assert all((cut["before"], cut["after"]) == (24, 16) for cut in step["cuts"])
        assert max(cut["error"] for cut in step["cuts"]) > 0 <= min(cut["error"] for cut in step["cuts"])
    half = load_checkpoint(pruned / "step-01" / "best.safetensors").header.net.widths
    assert half is not None and set(half[:8]) == {24} and 24 not in half[8:]
    # The net as it was before the pruning supervises, which is the paper's figure 2.
    assert best.header.recipe["teacher"] == model.name


@pytest.mark.slow
@pytest.mark.training
def test_a_resumed_run_repeats_nothing_that_is_finished(pruned: Path, model: Path, discs: Path) -> None:
    """The last step's folder is lost, as if the run had been killed before it."""
    result, first = pruned / "best.safetensors", pruned / "step-01" / "best.safetensors"
    whole, before = load_checkpoint(result).net.state_dict(), first.stat().st_mtime_ns
    shutil.rmtree(pruned / "step-02")
    result.unlink()
    assert prune(model, discs, pruned, *HALF, "--resume") == 0
    assert first.stat().st_mtime_ns == before
    resumed = load_checkpoint(result).net.state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.slow
def test_another_rate_or_model_in_the_same_folder_is_refused(
    pruned: Path, model: Path, discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prune(model, discs, pruned, *HALF, "--rate=0.75", "--resume") == 1
    assert "another --out" in capsys.readouterr().err
    other = pruned / "step-01" / "best.safetensors"
    assert prune(other, discs, pruned, *HALF, "--resume") == 1
    assert "another model" in capsys.readouterr().err


@pytest.mark.slow
def test_a_budget_over_all_layers_is_met(model: Path, discs: Path, tmp_path: Path) -> None:
    """Block outputs and stem go too, with the greedy score and the weights repaired.

    They must: with the least of hidden widths alone 41 % of the bytes would be left.
    """
    whole = net_cost(load_checkpoint(model).net)
    budget = f"--budget={0.35 * whole.bytes / 1e6:.3f}MB"
    out = tmp_path / "budget"
    options = ("--scope=all", "--layers-per-step=24", "--images=16")
    assert prune(model, discs, out, budget, *options) == 0
    best = load_checkpoint(out / "best.safetensors")
    assert net_cost(best.net).bytes <= 0.35 * whole.bytes + 500
    assert all(width % 8 == 0 for width in (*best.header.net.widths, *best.header.net.channels))  # type: ignore[misc]
    assert best.header.net.channels != (32, 16, 24, 32, 64, 96, 160, 320)


@pytest.mark.parametrize("file", [PLAN_FILE, "best.safetensors"])
def test_a_folder_that_holds_a_run_is_gone_on_with_by_resume_alone(
    model: Path, discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    (tmp_path / file).write_bytes(b"weeks of work")
    assert prune(model, discs, tmp_path, "--rate=0.5") == 1
    assert f"{tmp_path} holds a run already; continue it with --resume" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == [file]
    (tmp_path / file).unlink()
    assert prune(model, discs, tmp_path, "--rate=0.5", "--resume") == 1
    assert f"{tmp_path} holds no run to continue; leave --resume out" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--rate=0.5", "--budget=1MB"],
        ["--rate=1.5"],
        ["--budget=2GB"],
        ["--rate=0.5", "--set=expansion=0.25"],
        ["--rate=0.5", "--prune-teacher=teacher"],
        ["--rate=0.5", "--teacher=another.safetensors"],
        ["--rate=0.5", "--score=best"],
    ],
)
def test_wrong_usage_is_told_before_anything_is_written(
    arguments: list[str], model: Path, discs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert prune(model, discs, out, *arguments) == 2
    assert not (out / PLAN_FILE).exists()


def test_a_budget_that_no_net_meets_is_refused(
    model: Path, discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prune(model, discs, tmp_path / "out", "--budget=0.01MB", "--images=16") == 1
    assert "the narrowest net of this scope" in " ".join(capsys.readouterr().err.split())

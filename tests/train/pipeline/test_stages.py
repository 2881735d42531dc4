"""`facekp-train run`: four stages from one file, killed in each of them, finished all the same."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml

from facekp_train.networks.checkpoint import load_checkpoint, read_tensors
from facekp_train.pruning.cost import net_cost
from tests.support.files.small_disk import SmallDisk, able, small_disk
from tests.support.models import train_cli
from tests.support.models.quick_fits import QUICK, save_disc_teacher

pytestmark = [pytest.mark.slow, pytest.mark.training]
# A folder that appears when a stage has something to lose.
STAGES = ("teacher", "student", "distill", "prune")


@pytest.fixture(scope="module")
def pipeline(discs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stages of a few epochs on 48 faces; head and last widths are not what `shared` says."""
    folder = tmp_path_factory.mktemp("pipeline")
    watched = shutil.copytree(discs, folder / "watched")
    shared = dict(s.split("=", 1) for s in QUICK)
    shared["widths"] = str([16] * 16)
    # A teacher whose labels are to be kept knows the faces: its start does, and it hardly moves from there.
    made = save_disc_teacher(folder / "made.safetensors", width=16)
    start = {"init": str(made), "learning_rate": 1e-6}
    document = {
        "shared": {**{k: yaml.safe_load(v) for k, v in shared.items()}, "data": [f"mtfl:{discs}"],
                   "validation": [f"mtfl:{watched}"], "validation_split": "train", "validation_limit": 8,
                   "points": 5},
        "teacher": {"set": {"backbone": "mobilenet-v2", "epochs": 2, **start}},
        "labels": {"faces": "all"},
        "student": {"set": {"hidden": 24, "epochs": 2}},
        "distill": {"set": {"epochs": 2}},
        "prune": {"rate": 0.5, "layers_per_step": 8, "set": {"epochs": 1}},
    }  # fmt: skip
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def words(pipeline: Path, out: Path) -> list[str]:
    return ["run", str(pipeline), f"--out={out}", "--no-latency", "--json"]


def command(pipeline: Path, out: Path) -> list[str]:
    """In a process of its own, to be killed, or to run out of disk."""
    return [sys.executable, "-m", "facekp_train", *words(pipeline, out)]


ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def whole(pipeline: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """An unbroken run: its folder and what it printed."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    done = subprocess.run(
        command(pipeline, out), env=ENVIRONMENT, stdout=subprocess.PIPE, check=True, timeout=900
    )
    return out, json.loads(done.stdout)


def test_every_stage_leaves_its_net_and_its_figures(whole: tuple[Path, dict]) -> None:
    out, printed = whole
    assert [stage["stage"] for stage in printed["stages"]] == list(STAGES)
    nets = {name: load_checkpoint(out / name / "best.safetensors") for name in STAGES}
    assert nets["prune"].header.net.widths == (8,) * 16 and nets["distill"].header.net.widths == (16,) * 16
    assert [net.header.net.hidden for net in nets.values()] == [16, 24, 24, 24]
    for stage in printed["stages"]:
        (error,) = stage["errors"].values()
        assert 0 < error["nme"] < 200 and error["n"] == 48
        cost = net_cost(nets[stage["stage"]].net)
        assert (stage["bytes"], stage["macs"]) == cost
    assert printed["stages"][3]["bytes"] < printed["stages"][2]["bytes"]
    assert nets["distill"].header.recipe["teacher"] == "best.safetensors"
    report = (out / "report.md").read_text()
    assert all(f"| {name} |" in report for name in STAGES) and "NME %" in report
    assert (out / "stages.png").stat().st_size > 1000
    assert len(json.loads((out / "labels.json").read_text())["annotations"]) == 48


def test_a_finished_run_is_passed_over(
    pipeline: Path, whole: tuple[Path, dict], capsys: pytest.CaptureFixture[str]
) -> None:
    out, printed = whole
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")}
    assert train_cli.command(*words(pipeline, out)) == 0
    assert train_cli.printed(capsys) == printed
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.safetensors")} == before


def test_other_settings_do_not_pass_for_a_finished_stage(
    pipeline: Path, whole: tuple[Path, dict], capsys: pytest.CaptureFixture[str]
) -> None:
    document = yaml.safe_load(pipeline.read_text())
    document["student"]["set"]["epochs"] = 3
    other = pipeline.with_name("other.yaml")
    other.write_text(yaml.safe_dump(document))
    assert train_cli.command(*words(other, whole[0])) == 1
    assert "made by other settings" in capsys.readouterr().err


@pytest.mark.parametrize("changed", ["teacher", "labels"])
def test_what_a_stage_was_made_from_may_not_change_under_it(
    pipeline: Path,
    whole: tuple[Path, dict],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changed: str,
) -> None:
    out = shutil.copytree(whole[0], tmp_path / "run")
    if changed == "teacher":
        shutil.copy(out / "student" / "best.safetensors", out / "teacher" / "best.safetensors")
    else:
        labels = json.loads((out / "labels.json").read_text())
        (out / "labels.json").write_text(json.dumps(labels, indent=1))
    assert train_cli.command(*words(pipeline, out)) == 1
    first = out / ("labels.json" if changed == "teacher" else "student")
    said = capsys.readouterr().err
    assert f"{first} was made by other settings, or from a net or labels that have changed" in said


def test_a_list_of_faces_may_not_change_under_a_stage(
    pipeline: Path,
    whole: tuple[Path, dict],
    discs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Wherever it lies."""
    out = shutil.copytree(whole[0], tmp_path / "run")
    cut = shutil.copytree(discs, tmp_path / discs.name) / "trainImageList.txt"
    cut.write_text("".join(cut.read_text().splitlines(keepends=True)[:40]))
    document = yaml.safe_load(pipeline.read_text())
    document["shared"]["data"] = [f"mtfl:{cut.parent}"]
    pipeline = tmp_path / pipeline.name
    pipeline.write_text(yaml.safe_dump(document))
    assert train_cli.command(*words(pipeline, out)) == 1
    assert f"{out / 'teacher'} was made from faces whose lists" in capsys.readouterr().err


def test_a_run_that_was_moved_is_passed_over(
    pipeline: Path, whole: tuple[Path, dict], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shutil.copytree(whole[0], tmp_path / "elsewhere")
    assert train_cli.command(*words(pipeline, out)) == 0
    stdout, stderr = capsys.readouterr()
    assert json.loads(stdout) == whole[1]
    assert stderr.count("finished before") == len(STAGES)


def test_killed_in_each_stage_it_ends_with_the_same_weights(
    pipeline: Path, whole: tuple[Path, dict], tmp_path: Path
) -> None:
    """Each time it lies elsewhere, or is named in another way."""
    out = tmp_path / "broken"
    out.mkdir()
    for name in STAGES:
        out = out.rename(tmp_path / f"until-{name}")
        if name == "distill":
            out = Path(os.path.relpath(out))
        with subprocess.Popen(command(pipeline, out), env=ENVIRONMENT, stdout=subprocess.DEVNULL) as process:
            _wait_until_begun(out / name, process)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert not (out / name / "stage.json").exists()
    subprocess.run(
        command(pipeline, out), env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=True, timeout=900
    )
    for name in STAGES:
        _expect_equal(whole[0] / name, out / name)


@pytest.mark.skipif(not able(), reason="needs user and mount namespaces (Linux)")
def test_a_disk_that_is_full_in_each_stage_costs_nothing_but_the_stage(
    pipeline: Path, whole: tuple[Path, dict], tmp_path: Path
) -> None:
    """Each time one sentence; with room again the same line goes on, to the weights of an unbroken run."""
    out = tmp_path / "disk" / "run"
    with small_disk(out.parent, "size=256m") as disk:
        for name in STAGES:
            process = disk.start(command(pipeline, out), ENVIRONMENT)
            _wait_until_begun(_seen(disk, out / name), process)
            disk.fill()
            _, stderr = process.communicate(timeout=600)
            assert process.returncode == 1 and "Traceback" not in stderr
            assert stderr.splitlines()[-1].endswith("the disk is full; free some space, or write elsewhere")
            disk.free()
            assert not [file for file in disk.files() if Path(file).name.startswith(".")]
        done = disk.run(command(pipeline, out), ENVIRONMENT, timeout=900)
        assert done.returncode == 0, done.stderr
        for name in STAGES:
            _expect_equal(whole[0] / name, _seen(disk, out / name))


def _seen(disk: SmallDisk, path: Path) -> Path:
    """A path on the disk as this process reaches it."""
    return Path(f"/proc/{disk.holder.pid}/root{path}")


def _expect_equal(one_stage: Path, other_stage: Path) -> None:
    one, other = (read_tensors(stage / "best.safetensors")[0] for stage in (one_stage, other_stage))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one), one_stage.name


def _wait_until_begun(folder: Path, process: subprocess.Popen) -> None:
    """Until the stage has saved a state of its training; folders may come and go meanwhile."""
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        if any("state.safetensors" in files for _, _, files in os.walk(folder)):
            return
        assert process.poll() is None, f"ended before {folder.name} began"
        time.sleep(0.005)
    pytest.fail(f"{folder.name} saved no state")


def test_under_torchrun_two_processes_share_every_stage(pipeline: Path, tmp_path: Path) -> None:
    """One of them labels, measures and writes while the other waits for it."""
    out = tmp_path / "two"
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    python, *module = command(pipeline, out)
    done = subprocess.run(
        [python, *torchrun, *module],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    assert [stage["stage"] for stage in json.loads(done.stdout)["stages"]] == list(STAGES)
    assert load_checkpoint(out / "prune" / "best.safetensors").header.net.widths == (8,) * 16


def test_a_kill_between_checkpoint_and_state_costs_the_epoch_alone(
    pipeline: Path, whole: tuple[Path, dict], tmp_path: Path
) -> None:
    """A stage with a checkpoint but without a state begins anew instead of being refused for ever."""
    out = tmp_path / "run"
    shutil.copytree(whole[0], out)
    (out / "teacher" / "stage.json").unlink()
    (out / "teacher" / "state.safetensors").unlink()
    (out / "labels.json").unlink()
    before = read_tensors(out / "teacher" / "best.safetensors")[0]
    for later in ("student", "distill", "prune"):
        shutil.rmtree(out / later)
    with subprocess.Popen(command(pipeline, out), env=ENVIRONMENT, stdout=subprocess.DEVNULL) as process:
        _wait_until_begun(out / "student", process)
        process.send_signal(signal.SIGKILL)
    again = read_tensors(out / "teacher" / "best.safetensors")[0]
    assert all(torch.equal(before[key], again[key]) for key in before)

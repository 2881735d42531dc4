"""`facekp-train distill --relabel`: labels are made after all refusals, and never taken for another's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.support.models.quick_fits import QUICK, RULE

pytest.importorskip("lightning_fabric", reason="needs facekp[train]")

from facekp_train.cli import app
from facekp_train.common.console import run
from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
from facekp_train.networks.keypoint_net import NetConfig, build_net

SETTINGS = [f"--set={s}" for s in QUICK if s.startswith(("batch", "precision", "learning_rate"))]


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two checkpoints of chance, for five points."""
    folder = tmp_path_factory.mktemp("nets")
    config = NetConfig(points=5, size=64, widths=(8,) * 16, hidden=16, heatmap_width=8)
    for seed in range(2):
        torch.manual_seed(seed)
        header = CheckpointHeader(net=config, crop=RULE.as_dict())
        save_checkpoint(folder / f"{seed}.safetensors", build_net(config), header)
    return sorted(folder.iterdir())


@pytest.fixture
def labelled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, bool]]:
    """By whom labels were made, and whether of what is missing alone; then the power fails."""
    calls: list[tuple[Path, bool]] = []

    def write(models: list[Path], _data: Any, _split: Any, out: Path, missing: bool, **_: Any) -> None:
        calls.append((models[0], missing))
        out.write_text("{}")
        raise KeyboardInterrupt

    monkeypatch.setattr("facekp_train.labels.store.write_labels", write)
    return calls


Distill = Callable[..., int]


@pytest.fixture
def distill(nets: list[Path], discs: Path) -> Distill:
    def command(teacher: int, out: Path, *words: str) -> int:
        files = [f"--model={nets[0]}", f"--teacher={nets[teacher]}", f"--data=mtfl:{discs}", f"--out={out}"]
        with pytest.raises(SystemExit) as ended:
            run(app, ["distill", *files, "--epochs=1", *SETTINGS, *words])
        return int(ended.value.code or 0)

    return command


def test_labels_are_no_other_teachers_and_of_no_other_mode(
    distill: Distill, labelled: list[tuple[Path, bool]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert distill(0, tmp_path, "--relabel=all") == 130 and len(labelled) == 1
    for teacher, mode in ((1, "all"), (0, "missing")):
        assert distill(teacher, tmp_path, f"--relabel={mode}") == 1
        assert f"{tmp_path / 'labels.json'} was made by other settings" in capsys.readouterr().err
    assert len(labelled) == 1


def test_nothing_is_labelled_for_settings_that_are_wrong(
    distill: Distill, labelled: list[tuple[Path, bool]], tmp_path: Path
) -> None:
    assert distill(0, tmp_path / "out", "--relabel=all", "--set=nonsense=1") == 2
    assert not labelled and not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [[], ["--resume"]])
def test_nothing_is_labelled_into_another_run(
    distill: Distill, labelled: list[tuple[Path, bool]], tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "best.safetensors").write_bytes(b"weeks of work")
    assert distill(0, tmp_path, "--relabel=all", *words) == 1
    assert not labelled and [file.name for file in tmp_path.iterdir()] == ["best.safetensors"]


def test_faces_of_a_recipes_file_are_labelled_too(
    distill: Distill, labelled: list[tuple[Path, bool]], nets: list[Path], discs: Path, tmp_path: Path
) -> None:
    (tmp_path / "own.yaml").write_text(f"data: ['mtfl:{discs}']\n")
    words = [f"--model={nets[0]}", f"--teacher={nets[1]}", f"--out={tmp_path / 'out'}", "--relabel=missing"]
    with pytest.raises(SystemExit):
        run(app, ["distill", f"--recipe={tmp_path / 'own.yaml'}", *words])
    assert labelled == [(nets[1], True)]

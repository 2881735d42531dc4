"""`facekp-train fit`: what it refuses before it trains, with its exit code and one sentence."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_train.cli import app
from facekp_train.common.console import run
from tests.support.files.schemes import MOUTH
from tests.support.files.synthetic_faces import draw_face

for module in ("torch", "lightning_fabric", "tensorboardX"):
    pytest.importorskip(module, reason="needs facekp[train]")

QUICK = ("--epochs", "1", "--set", "size=64", "--set", "imagenet=false", "--set", "widths=" + str([8] * 16))


@pytest.fixture(scope="module")
def discs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Twelve faces of five points each."""
    folder = tmp_path_factory.mktemp("discs")
    random = np.random.default_rng(0)
    for i in range(12):
        image = np.zeros((120, 120, 3), np.uint8)
        points = draw_face(image, tuple(random.uniform(55, 65, 2)), random.uniform(28, 36))
        cv2.imwrite(str(folder / f"{i}.png"), image[:, :, ::-1])
        rows = "\n".join(f"{x + 1:.3f} {y + 1:.3f}" for x, y in points)
        (folder / f"{i}.pts").write_text(f"version: 1\nn_points: 5\n{{\n{rows}\n}}\n")
    return f"pts:{folder}"


def fit(*words: object) -> int:
    """Run `facekp-train fit` in this process; its exit code."""
    with pytest.raises(SystemExit) as ended:
        run(app, ["fit", *map(str, words)])
    return int(ended.value.code or 0)


def stderr(capsys: pytest.CaptureFixture[str]) -> str:
    streams = capsys.readouterr()
    assert not streams.out and "Traceback" not in streams.err
    return " ".join(streams.err.split())


@pytest.mark.parametrize("name", ["best.safetensors", "last.safetensors", "state.safetensors"])
def test_a_folder_with_a_checkpoint_is_left_alone(
    discs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / name).write_bytes(b"weeks of work")
    assert fit("--data", discs, "--points", "5", "--out", tmp_path, *QUICK) == 1
    assert "holds a run already; continue it with --resume, or give another --out" in stderr(capsys)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {name: b"weeks of work"}


def test_a_start_of_another_scheme_with_as_many_points_is_refused(
    discs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
    from facekp_train.networks.keypoint_net import NetConfig, build_net

    config = NetConfig(points=5, size=64, widths=(8,) * 16)
    start = tmp_path / "mouth.safetensors"
    save_checkpoint(start, build_net(config), CheckpointHeader(net=config, scheme=MOUTH))
    words = ("--data", discs, "--points", "5", "--out", tmp_path / "out", "--set", f"init={start}")
    assert fit(*words, *QUICK) == 1
    assert "the 5 keypoints of scheme 'mouth-5', and a net of so many is trained by 'five'" in stderr(capsys)


def test_there_must_be_something_to_resume(
    discs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new"
    assert fit("--data", discs, "--points", "5", "--out", out, "--resume", *QUICK) == 1
    assert f"{out} holds no run to continue; leave --resume out" in stderr(capsys)
    assert not out.exists()


def test_a_net_needs_labels_of_its_own_scheme(
    discs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit("--data", discs, "--points", "68", "--out", tmp_path, *QUICK) == 1
    assert "faces has 68 keypoints" in stderr(capsys)
    assert not list(tmp_path.glob("*.safetensors"))


def test_a_missing_gpu_is_said_with_the_remedy(
    discs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("this machine has a GPU")
    words = ("--data", discs, "--points", "5", "--out", tmp_path, "--accelerator", "gpu", *QUICK)
    assert fit(*words) == 1
    assert "--accelerator cpu" in stderr(capsys)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--set", "color=1"], "color"),
        (["--set", "augmentation.rotation=far"], "rotation"),
        (["--set", "epochs"], "epochs"),
        (["--set", "learning_rate=-1"], "learning_rate"),
        (["--recipe", "best"], "best"),
        (["--points", "7"], "7"),
        (["--backbone", "vgg"], "vgg"),
        (["--epochs", "0"], "epochs"),
        (["--precision", "8-bit"], "precision"),
        (["--devices", "0"], "devices"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_settings_are_wrong_usage(
    discs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], named: str
) -> None:
    out = tmp_path / "run"
    assert fit("--data", discs, "--out", out, *QUICK[2:], *words) == 2
    assert named in stderr(capsys)
    assert not out.exists()


def test_without_data_there_is_nothing_to_train_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert fit("--points", "5") == 2
    assert "data" in stderr(capsys)

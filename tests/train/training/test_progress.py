"""A training says how good the net is, how long it takes, and what is kept where it is interrupted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from facekp_train.commands import progress
from facekp_train.commands.progress import FitProgress, in_words
from facekp_train.common.console import UserError
from facekp_train.evaluation import evaluate
from facekp_train.pipeline.settings import load_pipeline
from facekp_train.training.log import Scored, Step
from facekp_train.training.recipe import make_recipe
from tests.support.models.quick_fits import QUICK
from tests.support.models.train_cli import command

QUICKLY = [word for setting in QUICK for word in ("--set", setting)]
LINE = re.compile(
    r"epoch (\d)/2: NME [\d.]+ %, best [\d.]+ % \(epoch \d\), loss [\d.]+, \d+ img/s(, \d+ s left)?"
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A second a step."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


def test_what_an_epoch_takes_is_said_once_from_the_first_steps(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with FitProgress() as shown:
        for _ in range(2):  # one training after the other
            for epoch in range(3):
                for step in range(1, 21):
                    clock[0] += 10 if step == 1 else 2
                    shown(Step(epoch, step, 20, 3, 0.5, 100))
                    early = capsys.readouterr().err
                    assert bool(early) == (epoch == 0 and step == 6)
                    if early:
                        assert "an epoch takes about 40 s and its validation, 3 epochs 2 min 0 s" in early
                shown(Scored(epoch, 3, 0.5, 4.25 + epoch, 4.25, 0, 100, 45))
                assert "NME" in capsys.readouterr().err


def test_every_epoch_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"epoch": number, "nme": nme, "loss": 0.125, "faces_per_second": 97.4}
        for number, nme in enumerate((5.0, 4.0, 4.5), 1)
    ]
    FitProgress()(Scored.of(rows, 30, 130))
    assert capsys.readouterr().err == (
        "epoch 3/30: NME 4.50 %, best 4.00 % (epoch 2), loss 0.1250, 97 img/s, 58 min 30 s left\n"
    )


@pytest.mark.parametrize(
    ("seconds", "words"), [(7.6, "8 s"), (200, "3 min 20 s"), (3599.6, "1 h 0 min"), (6000, "1 h 40 min")]
)
def test_times_are_as_exact_as_is_of_use(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_the_loss_that_is_shown_is_smoothed() -> None:
    shown = FitProgress()
    for step, loss in enumerate([1.0, *[0.0] * 9], 1):
        shown(Step(0, step, 100, 1, loss, 1))
    (task,) = shown._bar.tasks
    assert 0.5 < task.fields["loss"] < 0.7


def test_a_fit_in_a_pipe_is_a_line_an_epoch(
    discs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("fit", "--data", f"mtfl:{discs}", "--points", "5", "--epochs", "2", *QUICKLY)
    assert command(*words, "--out", tmp_path / "run") == 0
    said = capsys.readouterr().err
    assert "46 faces to learn from, 2 to validate on" in said
    lines = [line for line in said.splitlines() if line.startswith("epoch ")]
    assert [bool(LINE.fullmatch(line)) for line in lines] == [True, True]


@pytest.mark.parametrize("stop_at", [0, 1])
def test_ctrl_c_says_what_is_kept_and_how_to_go_on(
    stop_at: int, discs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def stop(_shown: FitProgress, event: Step | Scored) -> None:
        if event.epoch == stop_at:
            raise KeyboardInterrupt

    words = ["fit", "--data", f"mtfl:{discs}", "--points", "5", "--epochs", "2", *QUICKLY]
    words += ["--out", f"{tmp_path}/a run"]
    monkeypatch.setattr(FitProgress, "__call__", stop)
    monkeypatch.setattr("sys.argv", ["/usr/bin/facekp-train", *words])
    assert command(*words) == 130
    *_, said, ended = capsys.readouterr().err.splitlines()
    assert ended == "interrupted"
    if stop_at == 0:
        assert said == "nothing is kept yet"
        return
    assert said.startswith(f"kept in {tmp_path}/a run: 1 epoch; go on with: facekp-train fit --data ")
    assert said.endswith(f"--out '{tmp_path}/a run' --resume")


@pytest.mark.parametrize(
    ("key", "meant"),
    [("learningrate=1", "learning_rate"), ("augmentation.rotations=1", "rotation"), ("epoch=3", "epochs")],
)
def test_a_wrong_key_is_answered_with_the_nearest_and_all(key: str, meant: str) -> None:
    with pytest.raises(UserError) as refused:
        make_recipe("modern", {"data": ["mtfl:x"]}, [key])
    wrong = key.partition("=")[0].rpartition(".")[2]
    assert f"there is no '{wrong}'; '{meant}' may be meant; there are " in str(refused.value)
    assert str(refused.value).count(f"{meant},") >= 1


def test_a_wrong_key_of_a_pipeline_is_answered_likewise(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("shared: {data: [mtfl:x]}\nteacher: {}\nstudents: {}\n")
    with pytest.raises(UserError, match="there is no 'students'; 'student' may be meant; there are name, "):
        load_pipeline(file)


def test_an_evaluation_has_a_total(
    photos: Path, checkpoints: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = []

    def bar(shown: bool) -> object:
        bars.append(original(shown))
        return bars[-1]

    original = evaluate.progress_bar
    monkeypatch.setattr(evaluate, "progress_bar", bar)
    assert command("evaluate", "--model", checkpoints / "68.safetensors", "--data", f"pts:{photos}") == 0
    assert [task.total for task in bars[0].tasks] == [5]  # with the one that cannot be opened
    capsys.readouterr()

"""One process at a time: the second is told so in one sentence, and a kill leaves no lock behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("lightning_fabric", reason="needs facekp[train]")

from facekp_train.common.console import UserError
from facekp_train.common.locks import alone_in, locked
from facekp_train.pipeline.layerwise import prune
from facekp_train.pipeline.settings import Pipeline
from facekp_train.pipeline.stages import run_stages
from facekp_train.pruning.settings import PruneSettings
from facekp_train.training.data import FaceSettings, load_training_data
from facekp_train.training.fit import fit
from facekp_train.training.launch import launch
from facekp_train.training.log import Scored, Step
from tests.support.models.quick_fits import quick

HOLD = """
import fcntl, os, sys
folder = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(folder, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_process_at(folder: Path) -> Iterator[subprocess.Popen[str]]:
    folder.mkdir(exist_ok=True)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-S", "-c", HOLD, str(folder)], **pipes) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    fabric = launch("cpu", 1, "32-true")
    with another_process_at(tmp_path) as process:
        with pytest.raises(UserError, match="another process is using"), alone_in(tmp_path, fabric):
            pytest.fail("the folder is another's")
        process.kill()
        process.wait()
        with alone_in(tmp_path, fabric):
            pass
    assert not list(tmp_path.iterdir())


def test_who_waits_says_so_and_then_has_its_turn(tmp_path: Path) -> None:
    events: list[str] = []
    with another_process_at(tmp_path) as process:

        def end() -> None:
            events.append("waiting")
            process.kill()

        with locked(tmp_path, end):
            events.append("mine")
    assert events == ["waiting", "mine"]


def test_nobody_trains_prunes_or_runs_in_a_folder_that_another_process_is_at(
    discs: Path, tmp_path: Path
) -> None:
    recipe = quick(discs, 1)
    fabric = launch("cpu", 1, "32-true")
    data = load_training_data(recipe.part(FaceSettings))
    given = {"data": recipe.data, "points": 5}
    pipeline = Pipeline.model_validate({"shared": given, "teacher": {}, "prune": {"rate": 0.5}})
    how = PruneSettings(rate=0.5)
    with another_process_at(tmp_path):
        for begin in (
            lambda: fit(recipe, tmp_path, fabric=fabric),
            lambda: prune(tmp_path / "no.safetensors", recipe, tmp_path, how, fabric=fabric, data=data),
            lambda: next(run_stages(pipeline, tmp_path, fabric)),
        ):
            with pytest.raises(UserError, match=f"another process is using {tmp_path}; wait until it ends"):
                begin()
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_folder_is_held_for_as_long_as_it_is_trained_in(discs: Path, tmp_path: Path) -> None:
    def second(_step: Step | Scored) -> None:
        fit(quick(discs, 1), tmp_path)

    with pytest.raises(UserError, match="another process is using"):
        fit(quick(discs, 1), tmp_path, watch=second)

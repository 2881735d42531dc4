"""The app as a runner, on the JVM: what it measured is read as from any runner on a phone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from android_bench.phone.adb.shell import Result
from android_bench.phone.parity import compare, reference_of
from android_bench.phone.runner.run import answer_of
from tests.android.screens.app import App
from tests.support.places import MODELS

pytestmark = [pytest.mark.app, pytest.mark.slow]


def test_its_answer_and_outputs_are_those_of_a_runner(app: App, tmp_path: Path) -> None:
    model = MODELS / "mdp-0.25x" / "model_float32.tflite"
    reference = reference_of(model)
    shutil.copy(model, tmp_path / "model.tflite")
    (tmp_path / "inputs.bin").write_bytes(reference.content)
    (tmp_path / "odd.bin").write_bytes(reference.content[:-1])
    assert "OK (" in app.run("RunnerTest", **{"facekp.runner": tmp_path})
    answer = answer_of(Result(0, (tmp_path / "answer.json").read_text(), ""))
    assert (answer.delegate, answer.threads, answer.pinned) == ("cpu", 2, None)
    assert (answer.warmup_runs, len(answer.samples_ns)) == (2, 5)
    parity, complaint = compare(reference, (tmp_path / "output.bin").read_bytes(), answer.outputs, "cpu")
    assert parity.ok and complaint is None

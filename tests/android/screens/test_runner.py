"""The app as a runner, on the JVM: what it measured is read as from any runner on a phone."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import cast

import pytest

from android_bench.phone.adb.shell import Phone, Result
from android_bench.phone.parity import compare, reference_of
from android_bench.phone.runner.app import run_app
from android_bench.phone.runner.run import RunError, answer_of
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


def test_an_engine_that_does_not_load_is_said(app: App, tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"1")
    properties = {"facekp.runner": tmp_path, "java.library.path": tmp_path}
    assert "OK (" in app.run("NoEngineTest", **properties)


FOLDER = "/storage/emulated/0/Android/data/org.facekp.sample/files"
_WORDS = {
    "model": f"{FOLDER}/model.tflite", "input": f"{FOLDER}/inputs.bin", "output": f"{FOLDER}/output.bin",
    "delegate": "cpu", "threads": "1", "warmup": "2", "min-runs": "5",
    "min-seconds": "0", "max-seconds": "60",
}  # fmt: skip
_CASES = {
    "measures": {},
    "quantized": {"model": f"{FOLDER}/int8.tflite", "input": f"{FOLDER}/int8.bin"},
    "dark": {},
    "left": {},
    "gpu": {"delegate": "gpu"},
    "elsewhere": {"output": "/sdcard/output.bin"},
    "no model": {"model": f"{FOLDER}/none.tflite"},
    "damaged": {"model": f"{FOLDER}/damaged.tflite"},
    "odd": {"input": f"{FOLDER}/odd.bin"},
    "unwritable": {"output": f"{FOLDER}/nowhere/output.bin"},
    "a word": {"cpus": "4"},
}
"""By name, how the words differ from those of a plain run."""
_REASONS = {
    "dark": "the phone's screen is dark or locked; unlock it",
    "left": "the app was left while it measured",
    "gpu": "this phone has no gpu delegate",
    "elsewhere": "does not lie in the app's folder",
    "no model": "none.tflite cannot be read",
    "damaged": "damaged or was cut short; copy it again",
    "odd": "is no multiple of the",
    "unwritable": "output.bin cannot be written",
    "a word": "unknown option '--cpus'",
}


class _Replayed:
    """A phone whose instrumentation has said what it had to say."""

    serial = "replayed"

    def __init__(self, folder: Path | None) -> None:
        self.folder, self.commands = folder, []

    def ask(self, script: str) -> str:
        self.commands.append(script)
        return ""

    def shell(self, script: str, timeout: float = 20) -> Result:
        self.commands.append(script)
        if self.folder is None or script.startswith("logcat"):
            return Result(0, "", "")
        name = "said" if script.startswith("am instrument ") else script.rpartition("/")[2]
        path = self.folder / name
        return Result(0, path.read_text(), "") if path.is_file() else Result(1, "", "No such file")


def _run(phone: _Replayed, words: dict[str, str]) -> Result:
    return run_app(cast(Phone, phone), FOLDER, [w for n, v in words.items() for w in (f"--{n}", v)], 60)


@pytest.fixture(scope="module")
def said(app: App, out_of_dex: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the instrumentation, as it is in the APK, said of every case and left behind."""
    folder = tmp_path_factory.mktemp("instrumentation")
    (folder / "files").mkdir()
    content = b""
    for name, file, inputs in (("int8", "model_int8", "int8"), ("model", "model_float32", "inputs")):
        model = Path(shutil.copy(MODELS / "mdp-0.25x" / f"{file}.tflite", folder / f"files/{name}.tflite"))
        content = reference_of(model).content
        (folder / f"files/{inputs}.bin").write_bytes(content)
    (folder / "files/odd.bin").write_bytes(content[:-1])
    (folder / "files/damaged.tflite").write_bytes((folder / "files/model.tflite").read_bytes()[:5000])
    cases = [
        {"name": name, "folder": FOLDER, "words": _extras(_WORDS | other)} for name, other in _CASES.items()
    ]
    cases.append({"name": "prepare", "folder": FOLDER, "words": {"prepare": "1"}})
    (folder / "cases.json").write_text(json.dumps(cases))
    assert "OK (" in app.on(out_of_dex).run("InstrumentationTest", **{"facekp.runner": folder})
    return folder


def _extras(words: dict[str, str]) -> dict[str, str]:
    """What Android hands to the app of the command that a run sends to a phone."""
    phone = _Replayed(None)
    with pytest.raises(RunError, match="gave no result"):
        _run(phone, words)
    given = shlex.split(phone.commands[-1])
    return {given[i + 1]: given[i + 2] for i, word in enumerate(given) if word == "-e"}


@pytest.mark.parametrize(("case", "file"), [("measures", "model_float32"), ("quantized", "model_int8")])
def test_its_instrumentation_measures_as_any_runner_does(said: Path, case: str, file: str) -> None:
    reference = reference_of(MODELS / "mdp-0.25x" / f"{file}.tflite")
    answer = answer_of(_run(_Replayed(said / case), _WORDS | _CASES[case]))
    assert (answer.delegate, answer.threads, answer.warmup_runs, len(answer.samples_ns)) == ("cpu", 1, 2, 5)
    parity, complaint = compare(reference, (said / case / "output.bin").read_bytes(), answer.outputs, "cpu")
    assert parity.ok and complaint is None and parity.inputs == 8


@pytest.mark.parametrize("case", _REASONS)
def test_what_ends_its_instrumentation_is_said(said: Path, case: str) -> None:
    result = _run(_Replayed(said / case), _WORDS | _CASES[case])
    with pytest.raises(RunError) as refused:
        answer_of(result)
    assert _REASONS[case] in str(refused.value)
    assert not (said / case / "answer.json").exists() and not list((said / case).glob("*.part"))


def test_it_tells_its_folder(said: Path) -> None:
    assert f"INSTRUMENTATION_RESULT: folder={FOLDER}\n" in (said / "prepare" / "said").read_text()
    assert "INSTRUMENTATION_CODE: -1" in (said / "prepare" / "said").read_text()

"""Kind: a model or .mat file that ends the process that opens it ends a child alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from android_bench import cli as bench_cli
from android_bench.phone.parity import reference_of
from facekp_export import cli as export_cli
from facekp_export.demo import demo_face
from facekp_export.detector import KeypointDetector
from facekp_export.inference.flatbuffer import operator_name, read_model, write_model
from facekp_export.inference.stranger import refuse_harmful_model
from facekp_train import images
from facekp_train.common import guarded
from facekp_train.common.console import run
from facekp_train.common.guarded import refuse_harmful
from facekp_train.common.shipped import default_model, shipped_models_dir
from facekp_train.datasets import DataError, open_dataset
from tests.support.models.detect_cli import call as detect
from tests.support.places import DEMO_PHOTO, ROOT, TESTS

OPENERS = "tests.support.files.openers"


@pytest.fixture(autouse=True)
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEKP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(guarded, "_good", set())


def without_a_filter(folder: Path) -> Path:
    """The int8 model, one of its convolutions without its filter: LiteRT reads from nowhere."""
    model = read_model(default_model().read_bytes())
    nodes = model.subgraphs[0].operators
    convolution = next(node for node in nodes if operator_name(model, node) == "CONV_2D")
    convolution.inputs = np.array([convolution.inputs[0], -1, convolution.inputs[2]], np.int32)
    path = folder / "harmful.tflite"
    path.write_bytes(write_model(model))
    return path


def one_byte_changed(folder: Path) -> Path:
    content = bytearray(default_model().read_bytes())
    content[159] = 255
    path = folder / "one.tflite"
    path.write_bytes(content)
    return path


def as_a_stranger(folder: Path, name: str = "model_int8.tflite") -> Path:
    """A shipped file with a byte behind its end: no file that facekp knows, and as good."""
    path = folder / name
    path.write_bytes((shipped_models_dir() / "mdp-0.25x" / name).read_bytes() + b"\0")
    return path


@pytest.mark.parametrize(
    ("make", "said"),
    [(without_a_filter, "ends the program that opens it"), (one_byte_changed, "damaged")],
)
def test_a_model_that_would_end_its_process_is_refused(tmp_path, capsys, make, said):
    """Either its tables are seen to be wrong, or it ends a child alone."""
    path = make(tmp_path)
    assert detect(DEMO_PHOTO, "--json", "--model", path) == 1
    captured = capsys.readouterr()
    assert said in captured.err and captured.out == ""
    with pytest.raises(SystemExit) as stop:
        run(export_cli.app, ["check", str(path)])
    assert stop.value.code == 1 and said in capsys.readouterr().err
    with pytest.raises(ValueError, match=said):
        reference_of(path)
    with pytest.raises(ValueError, match=said):
        KeypointDetector.from_export(path, trusted=False)


def test_a_good_file_of_a_stranger_is_accepted_and_answers_as_before(tmp_path, capsys):
    path = as_a_stranger(tmp_path)
    assert detect(DEMO_PHOTO, "--json", "--model", path) == 0
    theirs = json.loads(capsys.readouterr().out)
    image, _box = demo_face()
    (face,) = KeypointDetector.from_export(default_model()).detect(image)
    np.testing.assert_allclose(theirs["faces"][0]["keypoints"], face.keypoints, atol=0.01)


def test_a_good_file_is_opened_in_a_child_once_and_a_shipped_one_never(tmp_path, monkeypatch):
    calls: list[object] = []
    real = subprocess.run

    def counted(*arguments: object, **options: object) -> object:
        calls.append(arguments)
        return real(*arguments, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(guarded.subprocess, "run", counted)
    path = as_a_stranger(tmp_path)
    for folder in (shipped_models_dir() / "mdp-0.25x", shipped_models_dir() / "mdp-1x"):
        for suffix in ("*.tflite", "*.onnx"):
            for file in folder.glob(suffix):
                refuse_harmful_model(file)
    assert calls == []
    for _ in range(2):
        refuse_harmful_model(path)
        monkeypatch.setattr(guarded, "_good", set())  # another process
    moved = shutil.copy(path, tmp_path / "moved.tflite")
    refuse_harmful_model(Path(moved))
    assert len(calls) == 1
    path.write_bytes(path.read_bytes() + b"\0")
    refuse_harmful_model(path)
    assert len(calls) == 2


def test_a_mat_file_that_ends_its_process_is_a_sentence(tmp_path):
    shutil.copy(TESTS / "cases" / "strangers" / "AFLWinfo_release.mat", tmp_path)
    with pytest.raises(DataError, match="ends the program that opens it"):
        list(open_dataset(f"aflw:{tmp_path}", strict=True))


@pytest.mark.parametrize(
    ("opener", "error", "words"),
    [
        ("refuses", ValueError, "mine: it is not so"),
        ("missing", OSError, "mine: no"),
        ("crashes", ValueError, "SIGABRT"),
        ("leaves", ValueError, "ends the program"),
        ("stumbles", ValueError, "exit code 1"),
    ],
)
def test_what_the_child_says_is_believed_and_nothing_else(tmp_path, monkeypatch, opener, error, words):
    (tmp_path / "mine").write_text("x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words) as told:
        refuse_harmful(Path("mine"), f"{OPENERS}:{opener}", ())
    assert str(tmp_path) not in str(told.value)


@pytest.mark.parametrize("opener", ["fine", "prints"])
def test_what_opens_is_good_whatever_it_prints(tmp_path, monkeypatch, opener):
    (tmp_path / "json.py").write_text("raise SystemExit(7)")  # nothing in the user's folder is imported
    monkeypatch.chdir(tmp_path)
    refuse_harmful(tmp_path / "json.py", f"{OPENERS}:{opener}", ())


def test_a_child_that_does_not_end_is_ended(tmp_path, monkeypatch):
    (tmp_path / "mine").write_text("x")
    monkeypatch.setattr(guarded, "_LONGEST_SECONDS", 2.0)
    with pytest.raises(ValueError, match="longer than 2 seconds"):
        refuse_harmful(tmp_path / "mine", f"{OPENERS}:waits", ())


def test_a_child_writes_no_file(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(OSError, match="too large"):
        refuse_harmful(tmp_path / "mine", f"{OPENERS}:writes", ())
    assert not (tmp_path / "written").exists() or not (tmp_path / "written").stat().st_size


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's own bounds")
def test_a_child_is_bounded_and_knows_no_token(tmp_path, monkeypatch):
    (tmp_path / "mine").write_text("x")
    monkeypatch.setenv("SECRET_TOKEN", "abc")
    with pytest.raises(ValueError, match=r"'NoNewPrivs:', '1'\] \[0, 0\] 61 True False"):
        refuse_harmful(tmp_path / "mine", f"{OPENERS}:tells", ())


AS_A_USER = [
    "setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=+dac_override", "--ambient-caps=+dac_override",
    "--bounding-set=-all,+dac_override",
]  # fmt: skip


@pytest.mark.skipif(
    shutil.which("setpriv") is None or os.geteuid() != 0, reason="needs setpriv, and to be root"
)
@pytest.mark.parametrize("name", ["model_int8.tflite", "model.onnx"])
def test_a_users_child_starts_no_process_and_opens_what_is_good(tmp_path, name):
    """An administrator alone is exempt from the bound; a library that needs a thread would fail."""
    path = as_a_stranger(tmp_path, name)
    if name.endswith(".onnx"):  # whose form has no room for a zero; a field that nobody knows it has
        path.write_bytes(path.read_bytes()[:-1] + b"\xf8\x07\x00")
    code = (
        "import sys; from pathlib import Path; from facekp_train.common.guarded import refuse_harmful; "
        "path = Path(sys.argv[1]); refuse_harmful(path, 'facekp_export.inference.stranger:open_once', ()); "
        f"print('good'); refuse_harmful(path, '{OPENERS}:starts', (), remember=False)"
    )
    done = subprocess.run(
        [*AS_A_USER, sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.strip() == "good" and "Resource temporarily unavailable" in done.stderr, done.stderr


def test_a_child_that_computes_without_end_is_ended(tmp_path, monkeypatch):
    (tmp_path / "mine").write_text("x")
    monkeypatch.setattr(guarded, "_LONGEST_SECONDS", 1.0)
    with pytest.raises(ValueError, match=r"longer than 1 seconds|ends the program"):
        refuse_harmful(tmp_path / "mine", f"{OPENERS}:computes", ())


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path, monkeypatch):
    (tmp_path / "mine").write_text("x")
    monkeypatch.setenv("FACEKP_CACHE", str(tmp_path / "mine"))
    refuse_harmful(tmp_path / "mine", f"{OPENERS}:fine", ())


@pytest.mark.parametrize("digits", [101, 400, 5000])
def test_a_number_without_end_in_a_document_is_a_sentence(tmp_path, capsys, digits):
    path = tmp_path / "r.json"
    path.write_text('{"schema": "facekp-bench/1", "records": [{"bytes": %s}]}' % ("9" * digits))
    with pytest.raises(SystemExit) as stop:
        run(bench_cli.app, ["report", str(path)])
    assert stop.value.code == 1 and f"a number of {digits} digits" in capsys.readouterr().err


def test_an_account_without_a_home_keeps_nothing(tmp_path, monkeypatch):
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    (tmp_path / "mine").write_text("x")
    for name in ("FACEKP_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    refuse_harmful(tmp_path / "mine", f"{OPENERS}:fine", ())


def test_a_mat_file_that_was_exchanged_is_looked_at_again_whatever_its_time_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[bytes] = []
    monkeypatch.setattr(images, "refuse_harmful", lambda file, *_: looked_at.append(file.read_bytes()))
    monkeypatch.setattr(images, "require", lambda *_: None)
    monkeypatch.setattr(images, "_opened_mat", lambda _: None)
    file = tmp_path / "a.mat"
    for content in (b"good", b"to harm"):
        file.write_bytes(content)
        os.utime(file, (0, 0))
        images.open_mat(file)
        images.open_mat(file)
    assert looked_at == [b"good", b"to harm"]

"""Kind: `facekp-export check` holds a folder against its manifest: missing, extra and contradicting files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facekp_export import cli
from facekp_train.common.console import run
from tests.support.models.tiny_models import tiny_tflite
from tests.support.places import MODELS

FILES = ("model_int8.tflite", "model_float16.tflite")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Two shipped files and a manifest of these alone."""
    folder = tmp_path / "e"
    folder.mkdir()
    source = MODELS / "mdp-0.25x"
    for name in FILES:
        shutil.copy(source / name, folder)
    document = json.loads((source / "manifest.json").read_text())
    document["files"] = [entry for entry in document["files"] if entry["file"] in FILES]
    (folder / "manifest.json").write_text(json.dumps(document))
    return folder


def check(path: Path, *words: str) -> int:
    with pytest.raises(SystemExit) as stop:
        run(cli.app, ["check", str(path), *words])
    return int(stop.value.code or 0)


def problems(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Which file has which problem; the command's exit code says the same."""
    code = check(path, "--json")
    document = json.loads(capsys.readouterr().out)
    found = {entry["file"]: entry["problem"] for entry in document["files"] if entry["problem"]}
    assert code == bool(found)
    return found


def test_a_whole_export_is_as_exported(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert problems(export, capsys) == {}
    assert check(export) == 0 and "as exported" in capsys.readouterr().out
    (export / "model_float16.tflite").unlink()
    assert problems(export / "model_int8.tflite", capsys) == {}, "a file by itself lacks no other"


def test_a_file_that_the_folder_lacks_is_named(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (export / "model_float16.tflite").unlink()
    assert problems(export, capsys) == {"model_float16.tflite": "the manifest lists it and it is missing"}
    assert check(export) == 1 and "model_float16.tflite" in capsys.readouterr().out


@pytest.mark.parametrize("ours", [True, False])
def test_a_file_that_the_manifest_lacks_is_named(
    export: Path, capsys: pytest.CaptureFixture[str], ours: bool
) -> None:
    if ours:
        shutil.copy(export / "model_int8.tflite", export / "another.tflite")
    else:
        tiny_tflite(export / "another.tflite")
    assert problems(export, capsys) == {"another.tflite": "the manifest does not list it"}


def change(export: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    path = export / "manifest.json"
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda m: m["files"][0].update(kind="dynamic"), "its kind is"),
        (lambda m: m["files"][0].update(bytes=5), "its bytes is"),
        (lambda m: m["files"][0].update(sha256="0" * 64), "it was changed"),
        (lambda m: m.update(points=67), "its points is 68"),
        (lambda m: m["crop"].update(scale=1.5), "its crop is"),
        (lambda m: m.update(checkpoint_sha256="0" * 64), "its checkpoint_sha256 is"),
        (lambda m: m.update(scheme="other"), "its scheme is"),
    ],
)
def test_what_contradicts_is_named(
    export: Path,
    capsys: pytest.CaptureFixture[str],
    edit: Callable[[dict[str, Any]], None],
    words: str,
) -> None:
    change(export, edit)
    found = problems(export, capsys)
    assert found and all(words in problem for problem in found.values())


def test_a_folder_beside_the_models_is_checked(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(export, lambda m: m.update(folders={"android": {"a.kt": "0" * 64, "b.kt": "0" * 64}}))
    (export / "android").mkdir()
    (export / "android" / "a.kt").write_text("changed")
    assert set(problems(export, capsys)) == {"android/a.kt", "android/b.kt"}


@pytest.mark.parametrize("more", [{}, {"fields": "that nobody knows yet"}])
def test_a_newer_manifest_is_said_to_be_newer(
    export: Path, capsys: pytest.CaptureFixture[str], more: dict[str, str]
) -> None:
    change(export, lambda m: m.update(format=99, **more))
    assert check(export) == 1
    assert "made by a newer facekp (its format is 99" in capsys.readouterr().err

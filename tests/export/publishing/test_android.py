"""The folder `android` of an export: what is in it, that nothing else changes, whatever happens meanwhile."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from facekp_export import cli
from facekp_export.publishing.android import FOLDER, export_android
from facekp_export.publishing.publish import folders_of
from facekp_export.verification.manifest import MANIFEST
from facekp_train.common.console import UserError, run
from facekp_train.common.files import sha256_of
from tests.support.places import MODELS


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """The shipped export."""
    return Path(shutil.copytree(MODELS / "mdp-0.25x", tmp_path / "a"))


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def call(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as exit_:
        run(cli.app, [str(word) for word in words])
    return int(exit_.value.code or 0)


def test_the_folder_and_nothing_else(export: Path) -> None:
    before, stated = hashes(export), json.loads((export / MANIFEST).read_text())
    manifest = export_android(export)
    after = hashes(export)
    made = manifest.folders[FOLDER]
    assert made == hashes(export / FOLDER)
    assert {name: after[name] for name in before if name != MANIFEST} == {
        name: sha256 for name, sha256 in before.items() if name != MANIFEST
    }
    now = json.loads((export / MANIFEST).read_text())
    assert now.pop("folders") == {FOLDER: made}
    stated.pop("folders", None)
    assert now == stated
    assets = "facekp/src/main/assets/facekp/"
    assert made[f"{assets}model_int8.tflite"] == before["model_int8.tflite"]
    assert f"{assets}face_detection_short_range.tflite" in made
    assert "facekp/src/main/kotlin/org/facekp/KeypointDetector.kt" in made
    assert len((export / FOLDER / "Example.kt").read_text().splitlines()) < 20


@pytest.mark.parametrize("option", ["--calibration", "--data", "--name"])
def test_what_would_change_nothing_is_refused(
    export: Path, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = hashes(export)
    assert call("--to", "android", "--out", export, option, "mtfl:nowhere") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert f"{option}: it changes nothing without --to tflite or --to onnx" in said
    assert hashes(export) == before


def test_it_is_made_again_but_never_over_a_users_work(export: Path) -> None:
    export_android(export)
    (export / FOLDER / "facekp" / "consumer-rules.pro").unlink()
    assert export_android(export).folders[FOLDER] == hashes(export / FOLDER)
    mine = export / FOLDER / "Mine.kt"
    mine.write_text("fun mine() = 1")
    with pytest.raises(UserError, match=r"Mine.kt is not of an earlier export"):
        export_android(export)
    assert mine.read_text() == "fun mine() = 1"


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("failing", range(4))
def test_a_failure_leaves_the_export_as_it_was(
    export: Path, failing: int, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if again:
        export_android(export)
    before, calls, replace = hashes(export), 0, Path.replace

    def fails(path: Path, target: Path) -> Path:
        nonlocal calls
        if {path.parent.name, Path(target).parent.name} & {"new", "old"} and path.parent.name != ".":
            calls += 1
            # The manifest that is written aside within `new` is no move.
            if calls == failing + 2:
                raise OSError("no more")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", fails)
    try:
        export_android(export)
    except OSError:
        assert hashes(export) == before
    assert [path.name for path in export.iterdir() if path.name.startswith(".")] == []


def test_what_is_missing_is_named(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="--to tflite"):
        export_android(tmp_path / "nothing")
    (export / "model_float32.tflite").unlink()
    with pytest.raises(UserError, match=r"lacks model_float32.tflite"):
        export_android(export)


def test_the_command(export: Path, capsys: pytest.CaptureFixture[str], checkpoints: Path) -> None:
    assert call("--to", "android", "--out", export) == 0
    assert "README.md" in capsys.readouterr().out
    assert folders_of(export)[FOLDER] == hashes(export / FOLDER)
    assert call("--to", "android", "--out", export, "--json") == 0
    assert FOLDER in json.loads(capsys.readouterr().out)["folders"]
    # Files of another checkpoint are not taken for this one's.
    assert call("--to", "android", "--out", export, "--model", checkpoints / "68.safetensors") == 1
    assert "add --to tflite" in " ".join(capsys.readouterr().err.split())

"""An export folder changes all at once, or not at all."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from facekp_export.publishing.kept_logs import LOG
from facekp_export.publishing.publish import staging_for
from facekp_export.verification.manifest import MANIFEST, read_manifest
from facekp_export.verification.report import PICTURE, REPORT
from facekp_train.common.console import UserError
from tests.support.files.exports import contents, export_to, manifest_of
from tests.support.models.tiny_models import tiny_tflite


def test_files_appear_and_nothing_is_left_beside(tmp_path: Path) -> None:
    out = tmp_path / "exports" / "a"
    export_to(out, "model.onnx", "model_int8.tflite")
    assert set(contents(out)) == {MANIFEST, REPORT, PICTURE, "model.onnx", "model_int8.tflite"}
    assert [path.name for path in out.parent.iterdir()] == ["a"]


def test_a_later_export_drops_its_forerunners_files_and_no_others(tmp_path: Path) -> None:
    out = tmp_path / "a"
    export_to(out, "model.onnx", "model_int8_io.tflite")
    (out / "README.md").write_text("mine")
    export_to(out, "model.onnx", content="newer", kind="onnx")
    assert {name: text for name, text in contents(out).items() if name != MANIFEST} == {
        "README.md": "mine", "model.onnx": "newer", REPORT: "newer",
    }  # fmt: skip


def test_what_was_changed_after_its_export_or_is_of_no_export_stays_and_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a"
    export_to(out, "model.onnx", "model_int8_io.tflite")
    (out / "model_int8_io.tflite").write_text("my own work")
    (out / "mine.tflite").write_text("mine")
    (out / "notes.txt").write_text("mine")
    export_to(out, "model.onnx")
    assert contents(out)["model_int8_io.tflite"] == "my own work"
    warnings = capsys.readouterr().err.splitlines()
    assert [line.partition(" is not of this export")[0] for line in warnings] == [
        f"warning: {out / 'mine.tflite'}", f"warning: {out / 'model_int8_io.tflite'}",
    ]  # fmt: skip


def test_a_manifest_that_names_files_elsewhere_removes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "a"
    export_to(out, "model.onnx")
    (tmp_path / "precious").write_text("new")
    (out / MANIFEST).write_text(manifest_of("model.onnx", "../precious"))
    export_to(out, "model.onnx")
    assert (tmp_path / "precious").is_file()


@pytest.mark.parametrize("name", ["model.onnx", REPORT, MANIFEST])
def test_a_folder_of_a_files_name_is_refused_before_the_work(tmp_path: Path, name: str) -> None:
    out = tmp_path / "a"
    (out / name).mkdir(parents=True)
    with pytest.raises(UserError, match=rf"{name} is a folder.*--out"), staging_for(out, [name]):
        pytest.fail("the work began")
    assert [path.name for path in out.iterdir()] == [name]


@pytest.mark.parametrize("name", ["model.onnx", REPORT, MANIFEST])
def test_a_users_own_file_is_not_overwritten(tmp_path: Path, name: str) -> None:
    out = tmp_path / "a"
    out.mkdir()
    (out / name).write_text("mine")
    with pytest.raises(UserError, match=rf"{name} is not of an earlier export.*--out"):
        export_to(out, "model.onnx")
    assert contents(out) == {name: "mine"}


def test_our_own_file_is_known_without_its_manifest(tmp_path: Path) -> None:
    from facekp_export.inference.metadata import ModelInfo, tflite_with_info
    from facekp_train.crop import CropRule
    from facekp_train.landmarks import scheme_of

    out = tmp_path / "a"
    out.mkdir()
    foreign = tiny_tflite(out / "model_int8.tflite").read_bytes()
    with pytest.raises(UserError, match=r"model_int8\.tflite is not of an earlier export"):
        export_to(out, "model_int8.tflite")
    info = ModelInfo("small", scheme_of(5), "int8", CropRule(), {}, "0" * 64, "small.safetensors")
    (out / "model_int8.tflite").write_bytes(tflite_with_info(foreign, info))
    export_to(out, "model_int8.tflite")
    assert contents(out)["model_int8.tflite"] == "new"


@pytest.mark.parametrize("error", [UserError("a layer"), ValueError("a value"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_files(tmp_path: Path, error: BaseException) -> None:
    out = tmp_path / "a"
    export_to(out, "model.onnx")
    before = contents(out)
    with pytest.raises(type(error)), staging_for(out, ["model.onnx"]) as staging:
        (staging / "model.onnx").write_text("half")
        raise error
    assert contents(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("fails_at", range(1, 11))
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_in_the_midst_of_moving_brings_the_old_files_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int, error: BaseException
) -> None:
    """Ten moves: five old files aside, then five new ones in."""
    out = tmp_path / "a"
    export_to(out, "model.onnx", "model_int8_io.tflite")
    before = contents(out)
    true_replace, moves = Path.replace, 0

    def replace(self: Path, target: Path) -> Path:
        nonlocal moves
        moves += 1
        if moves == fails_at:
            raise error
        return true_replace(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises((OSError, KeyboardInterrupt)):
        export_to(out, "model.onnx", "model_float16.tflite", content="newer")
    assert moves >= fails_at
    assert contents(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_first_export_that_cannot_be_moved_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(self: Path, target: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OSError, match=r"a: nothing can be written there \(Permission denied\)"):
        export_to(tmp_path / "a", "model.onnx")
    assert not list(tmp_path.iterdir())


def test_where_nothing_can_be_written_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"^[^.]*file: nothing can be written there[^.]*$"):
        export_to(tmp_path / "file" / "a", "model.onnx")


def test_a_linked_folder_is_written_through_its_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "true")
    for content in ("new", "newer"):
        export_to(tmp_path / "link", "model.onnx", content=content)
        assert contents(tmp_path / "true")["model.onnx"] == content
    assert (tmp_path / "link").is_symlink()


def test_a_failure_keeps_the_converters_log_until_the_next_success(tmp_path: Path) -> None:
    out = tmp_path / "a"
    kept = tmp_path / f"a.{LOG}"
    said = rf"a layer \(the converters' log: .*a\.{LOG}\)"
    with pytest.raises(UserError, match=said), staging_for(out, []) as staging:
        (staging / LOG).write_text("what onnx2tf said")
        raise UserError("a layer")
    assert not out.exists() and kept.read_text().splitlines()[1:] == ["what onnx2tf said"]
    export_to(out, "model.onnx")
    assert not kept.exists()


def test_a_damaged_manifest_is_named_by_readers_and_stops_an_export_as_a_strangers_file(
    tmp_path: Path,
) -> None:
    out = tmp_path / "a"
    export_to(out, "model.onnx")
    (out / MANIFEST).write_text('{"format": "x"}')
    with pytest.raises(ValueError, match="not a manifest of facekp-export"):
        read_manifest(out)
    before = contents(out)
    with pytest.raises(UserError, match="is not of an earlier export"):
        export_to(out, "model.onnx")
    assert contents(out) == before


def test_two_exports_into_one_folder_at_once(tmp_path: Path) -> None:
    """The second is refused, whether the folder is there already or not; the first ends well."""
    out = tmp_path / "a [1]"
    for content in ("new", "newer"):
        with staging_for(out, ["model.onnx"]) as staging:
            (staging / "model.onnx").write_text(content)
            (staging / MANIFEST).write_text(manifest_of("model.onnx", content=content))
            with pytest.raises(UserError, match="another export is being written to"):
                export_to(out, "model.onnx", content="other")
        assert contents(out)["model.onnx"] == content
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


def test_a_folder_whose_name_begins_alike_is_left_to_its_own_export(tmp_path: Path) -> None:
    with staging_for(tmp_path / "a-b", ["model.onnx"]) as staging:
        export_to(tmp_path / "a", "model.onnx")
        assert staging.is_dir()


MINE = ".a-0_wxyz12"  # as mkdtemp would name a folder of ours


@pytest.mark.parametrize("years", [-1, 1])
@pytest.mark.parametrize("holds", [None, "notes", "lock"])
def test_a_folder_that_bears_no_mark_of_ours_stays_whatever_the_clock_says(
    tmp_path: Path, holds: str | None, years: int
) -> None:
    for where in (tmp_path, tmp_path / "a"):
        (where / MINE).mkdir(parents=True)
        if holds:
            (where / MINE / holds).write_text("mine")
        then = time.time() + years * 3e7
        os.utime(where / MINE, (then, then))
    export_to(tmp_path / "a", "model.onnx")
    for where in (tmp_path, tmp_path / "a"):
        assert [path.name for path in (where / MINE).iterdir()] == ([holds] if holds else [])


def test_a_file_or_a_link_of_that_name_stays(tmp_path: Path) -> None:
    (tmp_path / MINE).write_text("mine")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".a-1_wxyz12").symlink_to(tmp_path / "elsewhere")
    with staging_for(tmp_path / "a", []) as staging:  # what a kill leaves, and where a link may lead
        shutil.copytree(staging.parent, tmp_path / "elsewhere", dirs_exist_ok=True)
        (staging / MANIFEST).write_text(manifest_of())
    assert (tmp_path / "elsewhere" / "lock").exists() and (tmp_path / MINE).read_text() == "mine"


def test_what_a_killed_export_left_goes_whatever_the_clock_says(tmp_path: Path) -> None:
    with staging_for(tmp_path / "a", []) as staging:
        shutil.copytree(staging.parent, tmp_path / "kept")
        (staging / MANIFEST).write_text(manifest_of())
    left = tmp_path / MINE
    (tmp_path / "kept").rename(left)
    then = time.time() + 3e7
    os.utime(left, (then, then))
    export_to(tmp_path / "a", "model.onnx")
    assert not left.exists()


def failing(out: Path) -> str:
    with pytest.raises(UserError) as told, staging_for(out, []) as staging:
        (staging / LOG).write_text("what onnx2tf said")
        raise UserError("a layer")
    return str(told.value)


def test_a_users_file_of_the_logs_name_is_neither_written_nor_removed(tmp_path: Path) -> None:
    mine, other = tmp_path / f"a.{LOG}", tmp_path / f"a2.{LOG}"
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    mine.write_text("mine")
    other.symlink_to(victim)
    for _ in range(2):
        assert f"a3.{LOG}" in failing(tmp_path / "a")
    assert (tmp_path / f"a3.{LOG}").exists() and not (tmp_path / f"a4.{LOG}").exists()
    export_to(tmp_path / "a", "model.onnx")
    assert mine.read_text() == victim.read_text() == "mine" and other.is_symlink()
    assert not (tmp_path / f"a3.{LOG}").exists()


def test_a_users_file_in_place_of_an_exports_model_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "a"
    export_to(out, "model.onnx")
    (out / "model.onnx").write_text("mine")
    with pytest.raises(UserError, match=r"model\.onnx is not of an earlier export"):
        export_to(out, "model.onnx")
    assert (out / "model.onnx").read_text() == "mine"


def test_the_manifest_leaves_first_and_arrives_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_to(tmp_path / "a", "model.onnx")
    true_replace, moved = Path.replace, []

    def replace(self: Path, target: Path) -> Path:
        moved.append((self.name, target.parent.name))
        return true_replace(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    export_to(tmp_path / "a", "model.onnx", content="newer")
    monkeypatch.undo()
    moves = [move for move in moved if move[1] in ("old", "a")]
    assert moves[0] == (MANIFEST, "old") and moves[-1] == (MANIFEST, "a")

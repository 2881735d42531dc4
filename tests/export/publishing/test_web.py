"""The folder `web` of an export: what is in it, from a registry or a folder, and nothing else changed."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from facekp_export import cli
from facekp_export.inference.runtimes import open_model
from facekp_export.publishing import web
from facekp_export.publishing.web import export_web
from facekp_export.verification.check import demo_crops
from facekp_export.web import FOLDER
from facekp_train.common.console import UserError, run
from facekp_train.common.downloads.parts import Member, Part
from facekp_train.common.files import sha256_of
from tests.support.places import MODELS


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """The shipped export's manifest and TFLite files."""
    folder = tmp_path / "a"
    folder.mkdir()
    for path in (MODELS / "mdp-0.25x").iterdir():
        if path.suffix == ".tflite" or path.name == "manifest.json":
            (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.fixture
def archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The engine in miniature: an archive as npm packs it, and its parts list."""
    folder = tmp_path / "archives"
    folder.mkdir()
    content = b"export const engine = 1\n"
    with tarfile.open(folder / "core-1.tgz", "w:gz") as tar:
        entry = tarfile.TarInfo("package/dist/index.js")
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    made = folder / "core-1.tgz"
    (tmp_path / "content").write_bytes(content)
    part = Part(
        registry="npm", package="@x/core", version="1", file=made.name, bytes=made.stat().st_size,
        sha256=sha256_of(made),
        members=(Member(path=entry.name, file="index.js", sha256=sha256_of(tmp_path / "content")),),
    )  # fmt: skip

    other = part.model_copy(update={"package": "onnxruntime-web", "file": "ort-1.tgz"})
    (folder / other.file).write_bytes(made.read_bytes())
    monkeypatch.setattr(web, "engine_parts", lambda *, onnx: [part, *[other] * onnx])
    return folder


def call(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as exit_:
        run(cli.app, [str(word) for word in words])
    return int(exit_.value.code or 0)


def test_the_folder_and_nothing_else(
    export: Path, archives: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: sha256_of(path) for path in export.glob("*.tflite")}
    assert call("--to", "web", "--out", export, "--from", archives) == 0
    assert f"facekp-bench serve {export}" in capsys.readouterr().out
    page = export / FOLDER
    assert {path.name: sha256_of(path) for path in export.glob("*.tflite")} == before
    assert {path.name: sha256_of(path) for path in (page / "models").iterdir()} == before
    manifest = json.loads((export / "manifest.json").read_text())
    assert sorted(manifest["folders"][FOLDER]) == sorted(
        path.relative_to(page).as_posix() for path in page.rglob("*") if path.is_file()
    )
    assert (page / "litert" / "index.js").read_text() == "export const engine = 1\n"
    assert "sha256-IMPORTMAP" not in (page / "index.html").read_text()
    assert not list(page.glob("*.py"))
    contents = json.loads((page / "contents.json").read_text())
    assert {entry["file"]: entry["sha256"] for entry in contents["models"]} == before
    model = open_model(export / "model_int8.tflite")
    crops = demo_crops(model.info.crop)[: contents["parity"]["count"]]
    assert (page / "parity.bin").read_bytes() == crops.tobytes()
    answers = contents["parity"]["answers"]["model_int8.tflite"]
    assert answers == pytest.approx(model.predict(crops).reshape(len(crops), -1), abs=1e-6)
    # A step of the answers is 1/255 of their range or less.
    allowed = contents["parity"]["allowed"]
    assert allowed["model_float32.tflite"] == {"wasm": 1e-4, "webgpu": 5e-3, "px": None}
    assert 3e-3 < allowed["model_int8.tflite"]["wasm"] < 8e-3 and allowed["model_int8.tflite"]["px"] == 0.1
    # It is made again, but never over a user's work.
    export_web(export, archives)
    (page / "main.js").write_text("mine")
    with pytest.raises(UserError, match="would be lost"):
        export_web(export, archives)


def test_an_export_of_onnx_files_alone_has_them_run(
    archives: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export = tmp_path / "b"
    export.mkdir()
    manifest = json.loads((MODELS / "mdp-0.25x" / "manifest.json").read_text())
    manifest["files"] = [entry for entry in manifest["files"] if entry["file"] == "model.onnx"]
    (export / "manifest.json").write_text(json.dumps(manifest))
    (export / "model.onnx").write_bytes((MODELS / "mdp-0.25x" / "model.onnx").read_bytes())
    assert call("--to", "web", "--out", export, "--from", archives) == 0
    assert f"facekp-bench serve {export}" in capsys.readouterr().out
    page = export / FOLDER
    assert [path.name for path in (page / "models").iterdir()] == ["model.onnx"]
    assert (page / "litert" / "index.js").is_file() and (page / "onnxruntime" / "index.js").is_file()
    contents = json.loads((page / "contents.json").read_text())
    assert contents["engines"] == {"litert": "1", "onnxruntime": "1"}
    assert contents["parity"]["reference"] == "onnxruntime"
    assert sorted(path.name for path in export.iterdir()) == ["manifest.json", "model.onnx", FOLDER]


def test_what_is_missing_is_named_and_nothing_is_left(export: Path, archives: Path, tmp_path: Path) -> None:
    for source, says in ((tmp_path / "gone", "not a folder"), (export, "lacks core-1.tgz")):
        with pytest.raises(UserError, match=says):
            export_web(export, source)
    (archives / "core-1.tgz").write_bytes(b"x")
    with pytest.raises(UserError, match="has 1 bytes"):
        export_web(export, archives)
    assert not (export / FOLDER).exists()
    with pytest.raises(UserError, match="--to tflite --to web"):
        export_web(tmp_path, archives)

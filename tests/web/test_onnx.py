"""A folder of ONNX files alone, in Chromium: the host's points, by onnxruntime."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from android_bench.web.server import WebServer
from facekp_export.publishing.web import export_web
from facekp_train.common.console import UserError
from tests.support.browser import Browser
from tests.support.places import MODELS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium (apt-get install chromium)"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an export without TFLite files."""
    export = tmp_path_factory.mktemp("onnx")
    manifest = json.loads((MODELS / "mdp-0.25x" / "manifest.json").read_text())
    manifest["files"] = [entry for entry in manifest["files"] if entry["file"].endswith(".onnx")]
    (export / "manifest.json").write_text(json.dumps(manifest))
    for entry in manifest["files"]:
        shutil.copyfile(MODELS / "mdp-0.25x" / entry["file"], export / entry["file"])
    try:
        export_web(export)
    except UserError as error:
        pytest.skip(f"needs the engine: {error}")
    return export / "web"


def test_its_files_have_the_points_of_the_host(server: WebServer, browser: Browser) -> None:
    browser.call("Page.navigate", url=f"{server.url}?benchmark")
    browser.until("document.getElementById('progress')?.textContent.includes('the computer has')", 240)
    engine = browser.evaluate("document.getElementById('engine').textContent")
    assert "onnx, 68 keypoints; WebAssembly" in engine
    assert server.records is not None
    assert {record.kind for record in server.records} == {"onnx", "onnx_int8"}
    for record in server.records:
        assert (record.runtime, record.runtime_version, record.delegate) == ("onnxruntime", "1.23.0", "wasm")
        assert record.valid and record.parity
        assert record.parity.max_abs < (1e-6 if record.kind == "onnx" else 6e-3)
    assert not any(browser.thrown())

"""The page in Chromium: the host's points, times as a document, no request to anywhere else."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from android_bench.records.record import Document
from android_bench.web.server import WebServer
from facekp_export.demo import demo_photo
from facekp_export.detector import KeypointDetector
from facekp_export.publishing.web import export_web
from facekp_train.common.console import UserError
from facekp_train.images import read_image
from tests.support.browser import Browser
from tests.support.places import MODELS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium (apt-get install chromium)"),
]
NAMES = ("model_int8.tflite", "model_float32.tflite")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    export = tmp_path_factory.mktemp("export")
    manifest = json.loads((MODELS / "mdp-0.25x" / "manifest.json").read_text())
    manifest["files"] = [entry for entry in manifest["files"] if entry["file"] in NAMES]
    (export / "manifest.json").write_text(json.dumps(manifest))
    for name in NAMES:
        shutil.copyfile(MODELS / "mdp-0.25x" / name, export / name)
    try:
        export_web(export)
    except UserError as error:
        pytest.skip(f"needs the engine: {error}")
    with WebServer(export / "web", waits=True) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    browser = Browser(tmp_path / "profile")
    yield browser
    browser.close()


def test_a_photograph_has_the_points_of_the_host(server: WebServer, browser: Browser) -> None:
    browser.open(server.url)
    assert "68 keypoints; WebAssembly" in browser.evaluate("document.getElementById('engine').textContent")
    browser.choose("#photo", demo_photo())
    browser.until("'faces' in document.getElementById('canvas').dataset", 120)
    (points,) = json.loads(browser.evaluate("document.getElementById('canvas').dataset.faces"))
    (face,) = KeypointDetector.from_export(MODELS / "mdp-0.25x" / NAMES[0]).detect(read_image(demo_photo()))
    distances = np.linalg.norm(np.reshape(points, (-1, 2)) - face.keypoints, axis=1)
    assert distances.max() < 0.5
    # What is no photograph is said, and the page goes on.
    browser.choose("#photo", Path(__file__))
    browser.until("document.getElementById('told').textContent.includes('cannot read')")
    assert all(url.startswith((server.url, "blob:", "data:")) for url in browser.requested())


def test_it_measures_itself_and_sends_the_document(server: WebServer, browser: Browser) -> None:
    browser.call("Page.navigate", url=f"{server.url}?benchmark")
    browser.until("document.getElementById('progress')?.textContent.includes('the computer has')", 240)
    assert server.arrived.wait(10) and server.records
    records = Document(schema="facekp-bench/1", records=server.records).records
    assert {record.kind for record in records} == {"int8", "float32"}
    for record in records:
        assert (record.device, record.runtime, record.delegate) == ("browser", "litert", "wasm")
        assert record.valid and record.p50_ms and record.parity and record.parity.mean_px is not None
        assert record.parity.mean_px < 0.01
        assert any("clock moves in steps" in warning for warning in record.warnings)

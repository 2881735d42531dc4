"""The page in Chromium: the host's points, files of every kind, times, nothing from elsewhere."""

from __future__ import annotations

import base64
import json
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from android_bench.records.record import Document
from android_bench.web.server import WebServer
from facekp_export.conversion.int8_input import with_int8_input
from facekp_export.demo import demo_photo
from facekp_export.detector import KeypointDetector
from facekp_train.images import read_image
from tests.support.browser import Browser
from tests.support.models.hostile_models import damaged
from tests.support.pictures.animated import write_animated
from tests.support.places import MODELS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium (apt-get install chromium)"),
]

MODEL = MODELS / "mdp-0.25x" / "model_int8.tflite"
# Pixels between the page's points and those of facekp-detect.
WITHIN = 0.1
# A file comes to the page as one that is dropped on it or pasted into it would.
GIVEN = """
(() => {{
  const bytes = Uint8Array.from(atob('{content}'), (letter) => letter.charCodeAt(0))
  const data = new DataTransfer()
  data.items.add(new File([bytes], '{name}', {{ type: '{kind}' }}))
  document.dispatchEvent(new {event})
}})()
"""
DROP = "DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })"
PASTE = "ClipboardEvent('paste', { clipboardData: data, bubbles: true })"


def text(browser: Browser, place: str) -> str:
    return browser.evaluate(f"document.getElementById('{place}').textContent")


def give(browser: Browser, event: str, name: str, content: bytes, kind: str = "") -> None:
    encoded = base64.b64encode(content).decode()
    browser.evaluate(GIVEN.format(content=encoded, name=name, kind=kind, event=event))


def points(browser: Browser) -> np.ndarray:
    """Of the one face on the photograph, once it is found."""
    browser.until("'faces' in document.getElementById('canvas').dataset", 120)
    (found,) = json.loads(browser.evaluate("document.getElementById('canvas').dataset.faces"))
    browser.evaluate("delete document.getElementById('canvas').dataset.faces")
    return np.reshape(found, (-1, 2))


def farthest(photo: Path, found: np.ndarray) -> float:
    """From facekp-detect's points, in pixels."""
    (face,) = KeypointDetector.from_export(MODEL).detect(read_image(photo))
    return float(np.linalg.norm(found - face.keypoints, axis=1).max())


def test_a_photograph_has_the_points_of_the_host(server: WebServer, browser: Browser, tmp_path: Path) -> None:
    browser.open(server.url)
    assert "68 keypoints; WebAssembly, threads: 1." in text(browser, "engine")
    browser.choose("#photo", demo_photo())
    assert farthest(demo_photo(), points(browser)) < WITHIN
    # A photograph that lies on its side, as a phone's does, is dropped, and stands as EXIF says.
    side = tmp_path / "side.jpg"
    side.write_bytes(turned(demo_photo()))
    give(browser, DROP, "side.jpg", side.read_bytes(), "image/jpeg")
    upright = points(browser)
    assert farthest(side, upright) < WITHIN
    assert np.linalg.norm(upright - points_of(demo_photo()), axis=1).max() < 2
    give(browser, PASTE, "image.png", demo_photo().read_bytes(), "image/png")
    assert farthest(demo_photo(), points(browser)) < WITHIN
    assert text(browser, "told").startswith("1 face in ") and "animated" not in text(browser, "told")
    # Of pictures that are shown in turn the first is looked at.
    give(browser, DROP, "moving.gif", write_animated(tmp_path / "moving.gif").read_bytes(), "image/gif")
    assert np.linalg.norm(points(browser) - upright, axis=1).max() < 2
    browser.until("document.getElementById('told').textContent.endsWith('its first one was looked at.')")
    # What is no photograph is said, and the page goes on.
    browser.choose("#photo", Path(__file__))
    browser.until("document.getElementById('told').textContent.includes('cannot read the file as a photo')")


def points_of(photo: Path) -> np.ndarray:
    (face,) = KeypointDetector.from_export(MODEL).detect(read_image(photo))
    return face.keypoints


def turned(photo: Path) -> bytes:
    """The photograph a quarter to the left as JPEG, and EXIF's orientation that undoes it."""
    picture = cv2.rotate(cv2.imread(str(photo)), cv2.ROTATE_90_COUNTERCLOCKWISE)
    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]


def test_another_model_is_opened_and_what_is_none_is_said(server: WebServer, browser: Browser) -> None:
    browser.open(server.url)
    browser.choose("#photo", demo_photo())
    before = points(browser)
    content, other = MODEL.read_bytes(), (MODELS / "mdp-fast" / "model_int8.tflite").read_bytes()
    for name, bad, says in (
        ("cut.tflite", content[: len(content) // 2], "damaged or was cut short"),
        ("end.tflite", content[:-1000], "damaged or was cut short"),
        ("int8.tflite", with_int8_input(content), "int8, which LiteRT in browsers lacks"),
        ("none.tflite", b"nothing of the kind", "neither a TFLite nor an ONNX file"),
        ("no-engine.onnx", (MODELS / "mdp-0.25x" / "model.onnx").read_bytes(), "no engine for ONNX files"),
        ("foreign.tflite", content.replace(b"facekp", b"others"), "no facekp metadata"),
        ("flip.tflite", content.replace(b'"flip": [16,', b'"flip": [99,'), "no scheme that can be obeyed"),
        ("engine.tflite", damaged(other, random.Random(5))[1], "Failed to load model from buffer. "),
    ):
        give(browser, DROP, name, bad)
        browser.until(f"document.getElementById('engine').textContent.startsWith('{name}: ')")
        assert says in text(browser, "engine") and "model_int8.tflite stays." in text(browser, "engine")
    # The second is dropped before the first is open.
    give(browser, DROP, "mine.tflite", other)
    give(browser, DROP, "second.tflite", content[:5000])
    browser.until("document.getElementById('engine').textContent.endsWith('mine.tflite stays.')")
    assert text(browser, "engine").startswith("second.tflite: ")
    after = points(browser)
    assert browser.evaluate("document.getElementById('models').selectedIndex") == 2
    browser.evaluate("document.getElementById('models').dispatchEvent(new Event('change'))")
    browser.until("document.getElementById('engine').textContent.includes('keypoints; ')")
    assert "mdp-fast" in text(browser, "engine")
    assert 0.01 < np.linalg.norm(after - before, axis=1).mean() < 5
    chosen = "document.getElementById('models')"
    assert browser.evaluate(f"{chosen}.length") == 3
    assert browser.evaluate(f"{chosen}.selectedOptions[0].text").startswith("mine.tflite")


def test_it_measures_itself_and_facekp_bench_reads_the_document(
    server: WebServer, browser: Browser, bench: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
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
    # What the page saves is what it sent, and what report, compare and decide read.
    browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    browser.evaluate("document.getElementById('save').click()")
    saved = tmp_path / "browser.json"
    for _ in range(100):
        if saved.is_file():
            break
        time.sleep(0.1)
    assert Document.model_validate_json(saved.read_text()).records == records
    code, stdout, stderr = bench("report", saved)
    assert code == 0 and "wasm" in stdout, stderr
    code, stdout, stderr = bench("compare", saved, saved)
    assert code == 0, stderr
    code, stdout, stderr = bench("decide", MODELS / "mdp-0.25x", "--records", saved, "--json")
    assert code == 0, stderr
    decision = json.loads(stdout)
    told = {file["sha256"]: device["p50_ms"] for file in decision["files"] for device in file["devices"]}
    assert told == {record.sha256: record.p50_ms for record in records}
    assert decision["recommended"] in told


def test_it_opens_without_its_server(server: WebServer, browser: Browser) -> None:
    browser.open(server.url)
    browser.until("document.getElementById('kept').textContent.includes('without its server')")
    server.shutdown()
    server.server_close()
    browser.evaluate("document.body.dataset.ready = ''")
    browser.call("Page.reload")
    browser.until("document.body?.dataset.ready === 'true'")
    assert browser.evaluate("crossOriginIsolated")
    browser.choose("#photo", demo_photo())
    assert farthest(demo_photo(), points(browser)) < WITHIN


def test_its_policy_lets_nothing_out(server: WebServer, browser: Browser) -> None:
    browser.open(server.url)
    blocked = """
    new Promise((resolve) => {
      const seen = []
      document.addEventListener('securitypolicyviolation', (event) => {
        seen.push(event.effectiveDirective)
        if (seen.length === 4) resolve(seen)
      })
      fetch('http://127.0.0.1:9/x').catch(() => {})
      new Image().src = 'http://127.0.0.1:9/x.png'
      for (const what of [{ src: 'http://127.0.0.1:9/x.js' }, { text: 'window.mine = 1' }]) {
        document.head.append(Object.assign(document.createElement('script'), what))
      }
    })
    """
    scripts = ["script-src-elem"] * 2
    assert sorted(browser.evaluate(blocked)) == ["connect-src", "img-src", *scripts]
    assert browser.evaluate("window.mine") is None
    assert not any("127.0.0.1:9" in url for url in browser.requested())

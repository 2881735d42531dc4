"""The page on WebGPU, by Chromium's own software adapter: the host's points, and what ran is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import numpy as np
import pytest

from android_bench.web.server import WebServer
from facekp_export.demo import demo_photo
from facekp_export.detector import KeypointDetector
from facekp_train.images import read_image
from tests.support.browser import Browser
from tests.support.places import MODELS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium (apt-get install chromium)"),
]

# What Chromium is told to have: SwiftShader, which computes in place of a graphics chip.
SOFTWARE = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan")

OFFERED = "[...document.getElementById('accelerator').options].some(({ value }) => value === 'webgpu')"
# Every piece of work that the page gives to the chip is counted.
COUNT = """
window.submitted = 0
const { submit } = GPUQueue.prototype
GPUQueue.prototype.submit = function (...work) {
  window.submitted += 1
  return submit.apply(this, work)
}
"""


def choose(browser: Browser, place: str, value: str) -> None:
    chosen = f"document.getElementById('{place}')"
    browser.evaluate(f"{chosen}.value = '{value}'")
    browser.evaluate(f"{chosen}.dispatchEvent(new Event('change'))")


def test_a_float32_model_has_the_points_of_the_host(
    server: WebServer, browsers: Callable[..., Browser]
) -> None:
    browser = browsers(*SOFTWARE)
    browser.open(server.url)
    if not browser.evaluate(OFFERED):
        pytest.skip("this Chromium has no software adapter for WebGPU")
    browser.evaluate(f"{{{COUNT}}}")
    browser.evaluate("document.getElementById('models').selectedIndex = 0")
    choose(browser, "accelerator", "webgpu")
    # Nothing fell back, or that would be said behind it.
    browser.until(
        "document.getElementById('engine').textContent.endsWith('float32, 68 keypoints; WebGPU.')", 120
    )
    before = browser.evaluate("window.submitted")
    browser.choose("#photo", demo_photo())
    browser.until("'faces' in document.getElementById('canvas').dataset", 120)
    (found,) = json.loads(browser.evaluate("document.getElementById('canvas').dataset.faces"))
    detector = KeypointDetector.from_export(MODELS / "mdp-0.25x" / "model_float32.tflite")
    (face,) = detector.detect(read_image(demo_photo()))
    away = np.linalg.norm(np.reshape(found, (-1, 2)) - face.keypoints, axis=1)
    assert away.max() < 0.5
    assert browser.evaluate("window.submitted") > before

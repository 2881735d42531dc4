"""The page's camera in Chromium, whose fake camera plays drawn frames: the toolkit's points."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from android_bench.web.server import WebServer
from facekp_export.demo import demo_face
from facekp_export.detector import KeypointDetector
from facekp_export.tracking import VideoTracker
from tests.support.browser import Browser
from tests.support.places import MODELS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium (apt-get install chromium)"),
]

WIDTH, HEIGHT, COUNT, BITS, BLOCK = 640, 480, 48, 6, 16
# For how long frames come at least; more for a thorough look.
SECONDS = float(os.environ.get("FACEKP_CAMERA_SECONDS", "5"))
FAKE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
# Each frame that the page shows: the number that is drawn on it, its time, its faces.
WATCH = f"""
window.shown = []
const view = document.getElementById('view')
new MutationObserver(() => {{
  const {{ data }} = view.getContext('2d').getImageData(0, {BLOCK // 2}, {BITS * BLOCK}, 1)
  const lit = (bit) => data[4 * ({BLOCK} * bit + {BLOCK // 2})] > 127
  const bits = Array.from({{ length: {BITS} }}, (_, bit) => (lit(bit) ? 1 << bit : 0))
  window.shown.push({{ number: bits.reduce((sum, bit) => sum + bit), ...JSON.parse(view.dataset.faces) }})
}}).observe(view, {{ attributeFilter: ['data-faces'] }})
document.getElementById('start').click()
"""


def frames() -> list[np.ndarray]:
    """Two faces that go round, and the frame's number in bits in a corner: a loop without a seam."""
    photo, (x, y, wide, high) = demo_face()
    drawn = []
    for number in range(COUNT):
        angle = 2 * np.pi * number / COUNT
        halves = []
        for face, way in ((photo, 1), (photo[:, ::-1], -1)):
            center = x + wide / 2 if way > 0 else photo.shape[1] - 1 - x - wide / 2
            turn = cv2.getRotationMatrix2D((center, y + high / 2), 6 * way * np.sin(angle), 1.2)
            turn[:, 2] += (160 - center, 175 - y - high / 2)
            turn[:, 2] += (way * 12 * np.cos(angle), 10 * np.sin(angle))
            halves.append(cv2.warpAffine(face, turn, (WIDTH // 2, HEIGHT), borderMode=cv2.BORDER_REFLECT))
        frame = np.hstack(halves)
        for bit in range(BITS):
            frame[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 255 if number >> bit & 1 else 0
        drawn.append(frame)
    return drawn


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "faces.y4m"
    with path.open("wb") as stream:
        stream.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode())
        for frame in frames():
            stream.write(b"FRAME\n" + cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420).tobytes())
    return path


def as_seen(frame: np.ndarray) -> np.ndarray:
    """A frame after its way through the camera's colors."""
    return cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420), cv2.COLOR_YUV2RGB_I420)


def told(browser: Browser) -> str:
    return browser.evaluate("document.getElementById('camera-told').textContent")


def test_faces_are_followed_as_the_toolkit_follows_them(
    server: WebServer, browsers: Callable[..., Browser], video: Path
) -> None:
    browser = browsers(*FAKE, f"--use-file-for-fake-video-capture={video}")
    browser.open(server.url)
    # The camera's colors are off by one here and there, which an int8 file's steps make half a pixel of.
    browser.evaluate("document.getElementById('models').selectedIndex = 0")
    browser.evaluate("document.getElementById('models').dispatchEvent(new Event('change'))")
    browser.until("document.getElementById('engine').textContent.includes('float32, 68')")
    browser.evaluate(WATCH)
    browser.until("window.shown.length >= 25", 60)
    shown: list[dict[str, Any]] = browser.evaluate("window.shown")
    drawn = [as_seen(frame) for frame in frames()]
    # As the page, facekp-detect --finder blazeface-fast does not look for small faces.
    model = MODELS / "mdp-0.25x" / "model_float32.tflite"
    tracker = VideoTracker(KeypointDetector.from_export(model, finder="blazeface-fast"))
    for frame in shown:
        faces = tracker.update(drawn[frame["number"]], frame["seconds"])
        # On a busy machine frames lie so far apart that a face gets another number: on both sides.
        assert [face["track"] for face in frame["faces"]] == [face.track for face in faces]
        assert len(faces) == 2
        for face, other in zip(frame["faces"], faces, strict=True):
            away = np.reshape(face["points"], (-1, 2)) - other.keypoints
            assert np.linalg.norm(away, axis=1).max() < 0.5
    assert told(browser) == "2 faces"
    assert browser.evaluate("document.getElementById('view').matches('.mirrored')")
    # Meanwhile it went on, each time with the newest frame.
    browser.until(f"window.shown.at(-1).seconds - window.shown[0].seconds > {SECONDS}", SECONDS + 60)
    browser.until("performance.now() / 1000 - window.shown.at(-1).seconds < 2")
    numbers = browser.evaluate("window.shown.map(({ number }) => number)")
    assert len(numbers) > len(shown) and len(set(numbers)) > 10
    browser.evaluate("document.getElementById('facing').value = 'environment'")
    browser.evaluate("document.getElementById('facing').dispatchEvent(new Event('change'))")
    browser.until(
        "!document.getElementById('view').matches('.mirrored') && window.shown.at(-1).faces.length === 2"
    )
    browser.evaluate("document.getElementById('start').click()")
    assert told(browser) == "The camera is off."


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--use-fake-device-for-media-stream", "--deny-permission-prompts"), "The camera was refused."),
        (("--use-fake-device-for-media-stream=device-count=0", FAKE[1]), "This device has no camera"),
    ],
)
def test_no_camera_is_said(
    words: tuple[str, ...], says: str, server: WebServer, browsers: Callable[..., Browser]
) -> None:
    browser = browsers(*words)
    browser.open(server.url)
    browser.evaluate("document.getElementById('start').click()")
    browser.until(f"document.getElementById('camera-told').textContent.startsWith('{says}')")
    assert browser.evaluate("document.getElementById('start').textContent") == "Start the camera"

"""The page for everybody: by keyboard, by screen reader, in the dark, on a small screen."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from android_bench.web.server import WebServer
from tests.support.browser import Browser
from tests.support.npm import AXE, AXE_FINDINGS, unpacked

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium (apt-get install chromium)"),
]

# In the order in which they stand on the page.
CONTROLS = [
    "models",
    "accelerator",
    "threads",
    "other",
    "start",
    "facing",
    "smooth",
    "photo",
    "smallest",
    "measure",
]


@pytest.fixture
def opened(server: WebServer, browsers: Callable[..., Browser]) -> Browser:
    browser = browsers("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    browser.open(server.url)
    return browser


def press(browser: Browser, key: str) -> None:
    code, text = {"Tab": (9, {}), "Enter": (13, {"text": "\r"}), " ": (32, {"text": " "})}[key]
    send = partial(browser.call, "Input.dispatchKeyEvent", key=key, windowsVirtualKeyCode=code)
    send(type="keyDown", **text)
    send(type="keyUp")


def test_the_keyboard_alone_reaches_everything(opened: Browser) -> None:
    reached = []
    for _ in CONTROLS:
        press(opened, "Tab")
        reached.append(opened.evaluate("document.activeElement.id"))
        assert opened.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert reached == CONTROLS
    opened.evaluate("document.getElementById('start').focus()")
    press(opened, "Enter")
    opened.until("document.getElementById('start').textContent === 'Stop the camera'")
    press(opened, " ")
    opened.until("document.getElementById('camera-told').textContent === 'The camera is off.'")


@pytest.mark.parametrize(("scheme", "direction"), [("light", "ltr"), ("dark", "rtl")])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    scheme: str, direction: str, opened: Browser, tmp_path: Path
) -> None:
    axe = (unpacked(AXE, tmp_path / "axe") / "axe.min.js").read_text(encoding="utf-8")
    opened.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    opened.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    opened.evaluate(
        f"document.documentElement.dir = '{direction}'; document.getElementById('times').hidden = false"
    )
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(22, 25, 29)" if scheme == "dark" else "rgb(255, 255, 255)"
    )
    assert opened.evaluate("document.documentElement.scrollWidth") == 360
    opened.evaluate(axe)
    assert opened.evaluate(AXE_FINDINGS) == []

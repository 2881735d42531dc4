"""Debian's Chromium, driven through a pipe: pages are opened, scripts answered, requests seen."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

_SECONDS = 60.0
_PLUMBED = """
import os, sys
asked, told = (os.dup(int(number)) for number in sys.argv[1:3])
os.dup2(asked, 3)
os.dup2(told, 4)
for number in (3, 4):
    os.set_inheritable(number, True)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""At 3 and 4 Chromium looks for its commands and puts its answers."""


class Browser:
    """One page of a headless browser with a profile of its own."""

    def __init__(self, profile: Path, *words: str) -> None:
        """words: further arguments. Skips the test where there is no Chromium."""
        program = shutil.which("chromium")
        if program is None:
            pytest.skip("needs chromium (Debian: apt-get install chromium)")
        self._told, told = os.pipe()
        asked, self._ask = os.pipe()
        self._rest, self._count = b"", 0
        self.events: list[dict[str, Any]] = []

        self._process = subprocess.Popen(
            [sys.executable, "-c", _PLUMBED, str(asked), str(told), program, "--headless", "--no-sandbox",
             "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", *words, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            pass_fds=(asked, told), start_new_session=True,
        )  # fmt: skip
        os.close(told)
        os.close(asked)
        pages = self.call("Target.getTargets")["targetInfos"]
        target = next(page["targetId"] for page in pages if page["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session: str | None = attached["sessionId"]
        for room in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{room}.enable")

    _session = None

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol; AssertionError where it fails."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._ask, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._told, 1 << 20)
            assert part, "the browser has ended"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)

    def evaluate(self, script: str) -> Any:
        """What a script, or its promise, gives."""
        told = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def open(self, address: str) -> None:
        """Go to a page and wait until its scripts have run."""
        self.call("Page.navigate", url=address)
        self.until("document.body?.dataset.ready === 'true'")

    def until(self, condition: str, seconds: float = _SECONDS) -> None:
        """Wait for a script to give true."""
        end = time.monotonic() + seconds
        while not self.evaluate(condition):
            assert time.monotonic() < end, f"not within {seconds:.0f} s: {condition} {self.thrown()}"
            time.sleep(0.1)

    def choose(self, selector: str, *files: Path) -> None:
        """Give files to an input."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", nodeId=node, files=list(map(str, files)))

    def thrown(self) -> list[str]:
        """What the page's scripts have not caught."""
        thrown = (event for event in self.events if event.get("method") == "Runtime.exceptionThrown")
        return [str(event["params"]["exceptionDetails"]) for event in thrown]

    def requested(self) -> list[str]:
        """The addresses that the page has asked for, but for what its policy stopped."""
        sent = {}
        for event in self.events:
            told = event.get("params", {})
            if event.get("method") == "Network.requestWillBeSent":
                sent[told["requestId"]] = told["request"]["url"]
            elif event.get("method") == "Network.loadingFailed" and told.get("blockedReason") == "csp":
                sent.pop(told["requestId"], None)
        return list(sent.values())

    def picture(self, target: Path, width: int = 1000, height: int = 1400) -> None:
        """A picture of the page."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        target.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        """End the browser."""
        with contextlib.suppress(OSError):
            os.write(self._ask, json.dumps({"id": 0, "method": "Browser.close"}).encode() + b"\0")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        self._process.wait()
        os.close(self._ask)
        os.close(self._told)

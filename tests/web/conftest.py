"""An export's page, served, and browsers that open it: what asks for anything beyond it fails."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from android_bench.web.server import WebServer
from facekp_export.publishing.web import export_web
from facekp_train.common.console import UserError
from tests.support.browser import Browser
from tests.support.places import MODELS
from tests.support.web_server import served

NAMES = ("model_int8.tflite", "model_float32.tflite")


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `web` of an export of two files."""
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
    return export / "web"


@pytest.fixture
def server(page: Path) -> Iterator[WebServer]:
    """It waits for a benchmark's document."""
    with served(page) as server:
        yield server


@pytest.fixture
def browsers(tmp_path: Path, server: WebServer) -> Iterator[Callable[..., Browser]]:
    """Open browsers with further arguments; nothing that they asked for lay beyond the page's origin."""
    opened: list[Browser] = []

    def launch(*words: str) -> Browser:
        opened.append(Browser(tmp_path / f"profile{len(opened)}", *words))
        return opened[-1]

    yield launch
    try:
        for browser in opened:
            beyond = [
                url for url in browser.requested() if not url.startswith((server.url, "blob:", "data:"))
            ]
            assert beyond == []
    finally:
        for browser in opened:
            browser.close()


@pytest.fixture
def browser(browsers: Callable[..., Browser]) -> Browser:
    """One of them."""
    return browsers()

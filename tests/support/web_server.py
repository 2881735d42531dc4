"""A folder served beside a test, as `facekp-bench serve` does it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from android_bench.web.server import LOOPBACK, WebServer


@contextmanager
def served(folder: Path, host: str = LOOPBACK) -> Iterator[WebServer]:
    """It waits for a benchmark's document."""
    with WebServer(folder, host, waits=True) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()

"""One folder over HTTP, as a browser needs it to compute with several threads, and to nobody else.

Listens on this computer alone unless told otherwise. Only files below the folder are answered, no list of
them, no link that leads out; what a page measured is taken where a benchmark is waited for.
"""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from android_bench.records.record import Document, Record
from facekp_train.common.files import resolved

LOOPBACK = "127.0.0.1"
INDEX = "index.html"
UPLOAD = "/benchmark"
"""Where a page sends its document."""
_TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript",
    ".css": "text/css; charset=utf-8", ".json": "application/json", ".wasm": "application/wasm",
    ".png": "image/png", ".jpg": "image/jpeg", ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
}  # fmt: skip
"""A module of another type is not run, and WebAssembly of another not compiled as it comes."""
_OTHER = "application/octet-stream"
_HEADERS = {
    # Both together isolate the page: browsers give threads and fine clocks to no other.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cache-Control": "no-cache",
}
_MOST_BYTES = 64_000_000
"""A document of a million samples; whatever is larger is none."""
_IDLE_SECONDS = 30.0


class WebServer(ThreadingHTTPServer):
    """Serves a folder until it is closed.

    Attributes:
        root: the folder.
        records: what a page measured and sent; None until it does.
    """

    daemon_threads = True

    def __init__(self, root: Path, host: str = LOOPBACK, port: int = 0, *, waits: bool = False) -> None:
        """waits: for a benchmark's document. port: 0 is any free one. OSError for one that is taken."""
        self.root = resolved(root)
        self.waits = waits
        self.records: list[Record] | None = None
        self.arrived = threading.Event()
        super().__init__((host, port), _Handler)
        # As it was resolved: `localhost` is this computer alone, too.
        self._address = str(self.server_address[0])
        self._local_only = ip_address(self._address).is_loopback

    @property
    def port(self) -> int:
        """The one that it listens on."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """Of the page. Browsers trust `localhost` as they do HTTPS, so that a camera works."""
        return f"http://{'localhost' if self._address == LOOPBACK else self._address}:{self.port}/"

    def knows(self, host: str | None) -> bool:
        """Whether a request's Host is this server: another name that leads here is an attack on its user."""
        names = {f"{name}:{self.port}" for name in ("localhost", self._address)}
        return not self._local_only or host in names

    def file(self, target: str) -> Path | None:
        """The file that a request's target means; None where there is none to be had."""
        path = unquote(urlsplit(target).path)
        names = path.removeprefix("/").split("/") if path != "/" else [INDEX]
        if not path.startswith("/") or any(
            name in ("", ".", "..") or set(name) & set("\\:\0") for name in names
        ):
            return None
        # A name that no file can have, or, before Python 3.13, links in a circle.
        with suppress(OSError, ValueError, RuntimeError):
            found = self.root.joinpath(*names).resolve(strict=True)
            if found.is_file() and found.is_relative_to(self.root):
                return found
        return None


class _Handler(BaseHTTPRequestHandler):
    server: WebServer
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    server_version, sys_version = "facekp-bench", ""

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        if not self.server.knows(self.headers.get("Host")):
            self._say(HTTPStatus.FORBIDDEN, "another host's name")
            return
        found = self.server.file(self.path)
        if found is None:
            self._say(HTTPStatus.NOT_FOUND, "no such file")
            return
        with found.open("rb") as stream:
            content = stream.read()
        self._send(HTTPStatus.OK, content, _TYPES.get(found.suffix.lower(), _OTHER), with_body)

    def do_POST(self) -> None:
        size = self.headers.get("Content-Length") or ""
        origin = self.headers.get("Origin")
        own = origin is None or urlsplit(origin).netloc == self.headers.get("Host")
        # What is not read would be taken for the next request.
        self.close_connection = True
        if not self.server.knows(self.headers.get("Host")) or not own:
            self._say(HTTPStatus.FORBIDDEN, "another page's document")
        elif self.path != UPLOAD or not self.server.waits:
            self._say(HTTPStatus.NOT_FOUND, "no benchmark is waited for")
        elif not re.fullmatch("[0-9]{1,12}", size) or not 0 < int(size) <= _MOST_BYTES:
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "no document of a benchmark has that size")
        else:
            self._take(self.rfile.read(int(size)))

    def _take(self, content: bytes) -> None:
        try:
            records = Document.model_validate_json(content).records
        except (ValidationError, RecursionError):
            self._say(HTTPStatus.BAD_REQUEST, "no document of facekp-bench")
            return
        self.server.records = records
        self._say(HTTPStatus.OK, "thank you")
        self.server.arrived.set()

    def _say(self, status: HTTPStatus, text: str) -> None:
        self._send(status, f"{text}\n".encode(), _TYPES[".txt"], with_body=self.command != "HEAD")

    def _send(self, status: HTTPStatus, content: bytes, kind: str, with_body: bool) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if with_body:
            with suppress(ConnectionError):  # a reader that has gone
                self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what a browser fetches is no news."""

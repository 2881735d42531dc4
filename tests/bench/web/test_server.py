"""The server of an export's page: what it gives, what it refuses, what it takes."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from android_bench.reports.tables import json_text
from android_bench.web.server import UPLOAD, WebServer
from tests.support.phones.sample_records import valid
from tests.support.web_server import served


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "a" / "web"
    (folder / "models").mkdir(parents=True)
    for name in ("index.html", "app.js", "litert.wasm", "models/m.tflite", "it's ü.css"):
        (folder / name).write_text(name)
    (tmp_path / "a" / "secret.txt").write_text("secret")
    (folder / "out.txt").symlink_to(tmp_path / "a" / "secret.txt")
    (folder / "loop").symlink_to(folder / "loop")
    return folder


@pytest.fixture
def server(root: Path) -> Iterator[WebServer]:
    with served(root) as server:
        yield server


def ask(
    server: WebServer, target: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    host = headers.pop("Host", f"localhost:{server.port}")
    connection.putrequest(method, target, skip_host=True)
    for name, value in {"Host": host, **headers}.items():
        connection.putheader(name, value)
    if body is not None and "Content-Length" not in headers:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    return connection.getresponse()


@pytest.mark.parametrize(
    ("target", "name", "kind"),
    [
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/?benchmark", "index.html", "text/html; charset=utf-8"),
        ("/app.js", "app.js", "text/javascript; charset=utf-8"),
        ("/litert.wasm", "litert.wasm", "application/wasm"),
        ("/models/m.tflite?x=1", "models/m.tflite", "application/octet-stream"),
        ("/it%27s%20%C3%BC.css", "it's ü.css", "text/css; charset=utf-8"),
    ],
)
def test_files_have_their_type_and_the_page_is_isolated(
    server: WebServer, target: str, name: str, kind: str
) -> None:
    answer = ask(server, target)
    assert (answer.status, answer.read().decode(), answer.headers["Content-Type"]) == (200, name, kind)
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert ask(server, target, "HEAD").read() == b""


@pytest.mark.parametrize(
    "target",
    [
        "/../secret.txt", "/%2e%2e/secret.txt", "/models/../../secret.txt", "/..%2fsecret.txt",
        "/..%5csecret.txt", "//etc/passwd", "/models", "/models/", "/out.txt", "/loop", "/gone.js",
        "/%00", "/./app.js", "/C:/x",
        "app.js", "/" + "a" * 300, "http://localhost/../secret.txt",
    ],
)  # fmt: skip
def test_nothing_else_is_to_be_had(server: WebServer, target: str) -> None:
    answer = ask(server, target)
    text = answer.read().decode()
    assert answer.status == 404
    assert text == "no such file\n"


def test_another_name_that_leads_here_is_refused(server: WebServer) -> None:
    for host in ("evil.example", f"evil.example:{server.port}", "localhost", ""):
        assert ask(server, "/", Host=host).status == 403
        assert ask(server, UPLOAD, "POST", b"{}", Host=host).status == 403
    assert ask(server, "/", Host=f"127.0.0.1:{server.port}").status == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "0.0.0.0"])
def test_this_computer_alone_is_known_by_what_was_resolved(root: Path, host: str) -> None:
    with served(root, host=host) as server:
        local = host != "0.0.0.0"
        assert server.url == f"http://{'localhost' if local else host}:{server.port}/"
        assert ask(server, "/", Host=f"evil.example:{server.port}").status == (403 if local else 200)


def test_a_document_is_taken_and_nothing_else(server: WebServer) -> None:
    document = json_text([valid(device="browser")]).encode()
    refused = [
        (403, ask(server, UPLOAD, "POST", document, Origin="http://evil.example")),
        (404, ask(server, "/other", "POST", document)),
        (400, ask(server, UPLOAD, "POST", b"{}")),
        (400, ask(server, UPLOAD, "POST", b"\xff")),
        (400, ask(server, UPLOAD, "POST", b"[" * 100_000)),
        (413, ask(server, UPLOAD, "POST", b"", **{"Content-Length": "999999999999"})),
        (413, ask(server, UPLOAD, "POST", b"", **{"Content-Length": "-1"})),
        (413, ask(server, UPLOAD, "POST", b"", **{"Content-Length": "9" * 5000})),
        (413, ask(server, UPLOAD, "POST")),
        (501, ask(server, UPLOAD, "PUT", document)),
    ]
    for status, answer in refused:
        assert answer.status == status
    assert server.records is None and not server.arrived.is_set()
    taken = ask(server, UPLOAD, "POST", document, Origin=f"http://localhost:{server.port}")
    assert taken.status == 200
    assert server.arrived.wait(10)
    assert server.records == [valid(device="browser")]


def test_no_document_is_taken_where_none_is_waited_for(root: Path) -> None:
    with WebServer(root) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert ask(server, UPLOAD, "POST", json_text([valid()]).encode()).status == 404
        server.shutdown()
    with pytest.raises(OSError), WebServer(root) as one, WebServer(root, port=one.port):
        pass

"""Kind: a mirror that is no server, sends too slowly or without end, or leads from HTTPS to HTTP."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from android_bench.phone.runner import official
from facekp_train.common.console import UserError
from facekp_train.common.downloads.transfer import _NoDowngrade, transfer

Answer = Callable[[socket.socket], None]


@pytest.fixture
def mirror() -> Iterator[Callable[[Answer], str]]:
    """Starts a server that answers every connection in a way of its own."""
    listening: list[socket.socket] = []

    def start(answer: Answer) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1 << 16)
                    with contextlib.suppress(OSError):
                        answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/tool"

    yield start
    for server in listening:
        server.close()


def sends(content: bytes) -> Answer:
    return lambda connection: connection.sendall(content)


def drips(head: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(200):
            connection.sendall(b"x")
            time.sleep(0.05)

    return answer


def floods(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(bytes(1 << 16))


def fetch(url: str, target: Path, most_bytes: int = 1000) -> int | None:
    return transfer(url, target, most_bytes=most_bytes, answer_seconds=5, whole_seconds=1)


@pytest.mark.parametrize(
    "answer",
    [
        sends(b"garbage\r\n\r\n"),
        sends(b""),
        sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n"),
        sends(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"),
        sends(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 1000 + b"\r\n"),
        sends(b"HTTP/1.1 500 No\r\n\r\n"),
    ],
    ids=["garbage", "nothing", "no chunks", "long header", "many headers", "500"],
)
def test_a_server_that_is_none_is_a_sentence(
    mirror: Callable[[Answer], str], tmp_path: Path, answer: Answer
) -> None:
    url = mirror(answer)
    with pytest.raises((ValueError, OSError)) as told:
        fetch(url, tmp_path / "a")
    assert 0 < len(str(told.value)) < 300


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "])
def test_a_byte_at_a_time_is_given_up(mirror: Callable[[Answer], str], tmp_path: Path, head: bytes) -> None:
    began = time.monotonic()
    with pytest.raises((ValueError, OSError), match=r"slowly|longer than"):
        fetch(mirror(drips(head)), tmp_path / "a")
    assert time.monotonic() - began < 9


def test_what_never_ends_stops_at_the_stated_size(mirror: Callable[[Answer], str], tmp_path: Path) -> None:
    fetch(mirror(floods), tmp_path / "a", most_bytes=100_000)
    assert (tmp_path / "a").stat().st_size == 100_001


def test_a_tool_without_end_is_refused_and_not_kept(
    mirror: Callable[[Answer], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(official, "_MOST_BYTES", 100_000)
    with pytest.raises(UserError, match="more than 100,000 bytes"):
        official.binary(mirror(floods), tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("url", ["http://a b/x", "http://a\n/x", "file:///etc/passwd", "ftp://a/x", "x", ""])
def test_what_is_no_address_is_a_sentence(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        fetch(url, tmp_path / "a")


def test_a_whole_file_comes_as_it_is(mirror: Callable[[Answer], str], tmp_path: Path) -> None:
    url = mirror(sends(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"))
    assert fetch(url, tmp_path / "a") == 5 and (tmp_path / "a").read_bytes() == b"whole"


def test_https_does_not_lead_to_http() -> None:
    import urllib.request

    asked = urllib.request.Request("https://a.b/x")
    with pytest.raises(ValueError, match="not HTTPS"):
        _NoDowngrade().redirect_request(asked, None, 302, "Found", {}, "http://a.b/x")  # type: ignore[arg-type]
    assert _NoDowngrade().redirect_request(asked, None, 302, "Found", {}, "https://c.d/x")  # type: ignore[arg-type]

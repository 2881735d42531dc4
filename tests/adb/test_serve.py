"""facekp-bench serve --device adb on the rig: a page through adb's reverse tunnel, a document back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from android_bench.records.documents import read_document
from android_bench.reports.tables import json_text
from tests.rig.rig import Rig
from tests.support.phones.sample_records import valid
from tests.support.places import ROOT

pytestmark = pytest.mark.adb

STATE = "/data/local/tmp/rig"
# The rig's server has a network of its own, from which this computer is reached by a path: the second of
# two equal ports becomes one.
CLIENT = """#!/bin/sh
for word; do
  shift
  [ "$word" = "$before" ] && word=localfilesystem:{path}
  before=$word
  set -- "$@" "$word"
done
exec adb "$@"
"""


@contextlib.contextmanager
def leading(path: Path, port: int) -> Iterator[None]:
    """What connects to the path speaks with that port of this computer."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(1 << 16):
            writer.write(part)
            await writer.drain()
        writer.close()

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(pump(reader, back), pump(there, writer))

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_unix_server(joined, path))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def free_port() -> int:
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return any_socket.getsockname()[1]


def test_a_page_through_the_tunnel_and_a_document_back(rig: Rig, tmp_path: Path) -> None:
    page, document = tmp_path / "web", tmp_path / "measured.json"
    page.mkdir()
    (page / "index.html").write_text("the page")
    document.write_text(json_text([valid(device="browser")]))
    rig.shell(f"mkdir -p {STATE}")
    rig.adb("-s", rig.serial, "push", str(document), f"{STATE}/document")
    port, path, client = free_port(), rig.folder / "page.sock", tmp_path / "adb"
    client.write_text(CLIENT.format(path=path))
    client.chmod(0o755)
    words = ("serve", page, "--device", "adb", "--serial", rig.serial, "--adb", client, "--port", port,
             "--benchmark", "--out", tmp_path / "o.json")  # fmt: skip
    with leading(path, port):
        done = subprocess.run(
            [sys.executable, "-m", "android_bench", *map(str, words)],
            capture_output=True, text=True, check=False, timeout=60, env=rig.environment, cwd=ROOT,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_document(tmp_path / "o.json") == [valid(device="browser")]
    answer = rig.shell(f"cat {STATE}/page")
    assert answer.startswith("HTTP/1.1 200") and answer.endswith("the page")
    assert "Cross-Origin-Opener-Policy: same-origin" in answer
    # The port is the phone's own again.
    assert rig.adb("-s", rig.serial, "reverse", "--list").stdout.strip() == ""
    rig.shell(f"rm -r {STATE}")

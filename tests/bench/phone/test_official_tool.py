"""The official benchmark_model as a program: its command line, what it is known by, broken downloads."""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from android_bench.phone.runner import official
from facekp_train.common.console import UserError

ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\xb7\x00" + bytes(44)
CLASSIC_PROGRAM = ELF + b"--warmup_min_secs=0.5\0"
LITERT_PROGRAM = CLASSIC_PROGRAM + b"litert/tools/benchmark_litert_model.h\0"


def call(tool: official.Tool, delegate: str, **changes: object) -> list[str]:
    options = {"threads": 4, "min_runs": 50, "min_seconds": 1.0, "max_seconds": 60.0, "warmup": 20, **changes}
    return official.command("./b", "a b/m.tflite", tool=tool, delegate=delegate, **options)  # type: ignore[arg-type]


def test_the_command_line() -> None:
    assert call("tflite", "cpu") == [
        "./b", "--graph=a b/m.tflite", "--num_threads=4", "--num_runs=50", "--min_secs=1", "--max_secs=60",
        "--warmup_runs=20", "--warmup_min_secs=0", "--use_xnnpack=true",
    ]  # fmt: skip
    assert call("tflite", "nnapi")[-1] == "--use_nnapi=true"
    assert call("tflite", "gpu")[-2:] == ["--use_gpu=true", "--gpu_precision_loss_allowed=true"]
    assert call("litert", "gpu")[-1] == "--use_gpu=true"
    assert call("litert", "cpu", cpus=(4, 5, 6, 7))[3:5] == ["f0", "./b"]
    assert not any("profil" in word or "memory" in word for word in call("tflite", "gpu"))
    with pytest.raises(ValueError, match="no NNAPI"):
        call("litert", "nnapi")


@pytest.mark.skipif(sys.platform != "linux", reason="pins with Linux's taskset")
def test_a_phone_that_refuses_to_pin_runs_it_all_the_same() -> None:
    for cpus, held in (([min(os.sched_getaffinity(0))], True), ([1023], False)):
        words = call("tflite", "cpu", cpus=cpus)
        words = [*words[: words.index("./b")], "sh", "-c", 'echo "$0" "$1"; taskset -p $$', "a b", "$HOME"]
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=20)
        assert done.stdout.startswith("a b $HOME\n")
        assert official.pinned(done.stderr) == held
        if held:
            assert done.stdout.rstrip().endswith(f": {1 << cpus[0]:x}")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not an arm64"),
        (b"<html>not found</html>", "not an arm64"),
        (ELF[:18] + b"\x3e\x00" + ELF[20:], "not an arm64"),
        (ELF, "not the benchmark_model"),
    ],
    ids=["empty", "page", "x86", "another program"],
)
def test_what_is_no_benchmark_model_is_refused(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UserError, match=says):
        official.tool_of(path)


def test_the_two_tools_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content, tool in ((CLASSIC_PROGRAM, "tflite"), (LITERT_PROGRAM, "litert")):
        path.write_bytes(content)
        assert official.tool_of(path) == tool
    with pytest.raises(UserError, match="cannot be read"):
        official.tool_of(tmp_path / "gone")


@pytest.fixture
def server() -> Iterator[Callable[[bytes, int], str]]:
    """Serve some bytes, perhaps fewer than announced; their address."""
    running: list[http.server.HTTPServer] = []

    def start(content: bytes, announced: int) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/gone":
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(announced))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *words: object) -> None:
                return

        running.append(http.server.HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=running[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{running[-1].server_port}"

    yield start
    for each in running:
        each.shutdown()
        each.server_close()


def test_it_is_downloaded_once(server: Callable[[bytes, int], str], tmp_path: Path) -> None:
    address = server(CLASSIC_PROGRAM, len(CLASSIC_PROGRAM)) + "/tools/benchmark?x=1"
    path = official.binary(address, tmp_path / "cache")
    assert path.name.startswith("benchmark-") and path.read_bytes() == CLASSIC_PROGRAM
    path.chmod(0o444)
    assert official.binary(address, tmp_path / "cache").stat().st_mode & 0o777 == 0o444, "the same file"
    assert official.binary(str(path), tmp_path / "other") == path
    path.chmod(0o644)
    path.write_bytes(LITERT_PROGRAM)
    with pytest.raises(UserError, match="no longer what was downloaded"):
        official.binary(address, tmp_path / "cache")


def test_two_addresses_that_end_alike_are_two_programs(
    server: Callable[[bytes, int], str], tmp_path: Path
) -> None:
    contents = [CLASSIC_PROGRAM + bytes([day]) for day in (1, 2)]
    kept = [
        official.binary(f"{server(content, len(content))}/day-{day}/benchmark", tmp_path)
        for day, content in enumerate(contents)
    ]
    assert [path.read_bytes() for path in kept] == contents


@pytest.mark.skipif(sys.platform != "linux", reason="pins with Linux's taskset")
def test_a_pin_that_was_granted_in_part_only_is_none(tmp_path: Path) -> None:
    """A phone's cpuset cuts the set, and taskset ends well."""
    cpu = min(os.sched_getaffinity(0))
    (tmp_path / "taskset").write_text(f"#!/bin/sh\nexec {shutil.which('taskset')} -p {1 << cpu:x} $3\n")
    (tmp_path / "taskset").chmod(0o755)
    for cpus, held in (((cpu,), True), ((cpu, 40), False)):
        words = call("tflite", "cpu", cpus=cpus)
        done = subprocess.run(
            [*words[: words.index("./b")], "true"], capture_output=True, text=True, check=True, timeout=20,
            env={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        )  # fmt: skip
        assert official.pinned(done.stderr) == held


@pytest.mark.parametrize(
    ("content", "announced", "page", "says"),
    [
        (CLASSIC_PROGRAM, len(CLASSIC_PROGRAM), "gone", "Not Found"),
        (CLASSIC_PROGRAM, 10**6, "tool", "broke off"),
        (b"<html>sign in</html>", 20, "tool", "not an arm64"),
    ],
    ids=["missing", "cut short", "another page"],
)
def test_a_download_that_fails_leaves_nothing(
    content: bytes, announced: int, page: str, says: str, server: Callable[[bytes, int], str], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=says):
        official.binary(f"{server(content, announced)}/{page}", tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_tool_that_is_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="no such file"):
        official.binary(str(tmp_path / "gone"), tmp_path)
    monkeypatch.setattr(official, "URL", "http://127.0.0.1:9/benchmark_model")
    with pytest.raises(UserError, match="--benchmark-binary"):
        official.binary(None, tmp_path)

"""Kind: whatever is typed behind a command ends with 0, 1 or 2, in time, in a sentence and no traceback."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import cv2
import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from android_bench import cli as bench_cli
from facekp_export import cli as export_cli
from facekp_export import detect as detect_cli
from facekp_train import cli as train_cli
from facekp_train.common.console import run
from tests.support.pictures.moving_faces import scene

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="hanging commands are ended by SIGALRM"),
]
APPS = {
    "facekp-train": train_cli.app,
    "facekp-export": export_cli.app,
    "facekp-detect": detect_cli.app,
    "facekp-bench": bench_cli.app,
}
EXAMPLES = int(os.environ.get("FACEKP_FUZZ", "120"))
LONGEST_SECONDS = 60
# What asks phones, fetches, or changes the user's shell.
LEFT_OUT = {"devices", "doctor", "bundle"}
UNSAID = {"--install-completion", "--show-completion", "--help", "--debug"}
# What would else work for minutes on what ships with facekp.
GIVEN = {
    ("facekp-bench", ""): ["--models", "garbage.tflite"],
    ("facekp-bench", "profile"): ["garbage.tflite"],
    ("facekp-export", ""): ["--model", "garbage"],
    ("facekp-export", "layers"): ["garbage"],
}
WORDS = (
    "", "-", "--", "-1", "0", "1", "2", "nan", "inf", "1e309", "99999999999999999999", "0.5", "1,2,3,4",
    "a=b", "=", "x=1,3,0,0", "batch=[", "x=!!python/name:os.system", "é☃", "a\nb", "\x1b[2J", ":fire:",
    "[bold]", "[/]", "..", "../..", "~", "cpu", "int8", "onnx", "haar", "mdp-1x", "pts:.", "pts:full",
    "coco:list.json", "mtfl:.", "300w:empty", "wflw:@x", "aflw:garbage.mat", ":", "missing", "missing/x.png",
    "empty", "photo.png", "photo.png/1", "garbage", "garbage.tflite", "garbage.onnx", "garbage.safetensors",
    "garbage.mp4", "garbage.yaml", "list.json", "pipe", "loop", "/dev/null", "http://localhost:1/x", "\udcff",
    "x" * 300,
)  # fmt: skip


@dataclass(frozen=True)
class Typed:
    """A program and the words behind it."""

    program: str
    words: tuple[str, ...]


def commands(program: str) -> Iterator[tuple[str, Any]]:
    """A program's commands by name, its own under ""."""
    top: Any = typer.main.get_command(APPS[program])
    yield "", top
    inner: dict[str, Any] = getattr(top, "commands", {})
    yield from ((name, command) for name, command in inner.items() if name not in LEFT_OUT)


def parts(command: Any) -> st.SearchStrategy[list[str]]:
    """An option with a good or bad value, or a word by itself."""
    words = st.sampled_from(WORDS)
    found: list[st.SearchStrategy[list[str]]] = [words.map(lambda word: [word])]
    for parameter in command.params:
        names = [name for name in parameter.opts if name.startswith("-") and name not in UNSAID]
        for name in names[:1]:
            given_alone = getattr(parameter, "is_flag", False)
            found.append(st.just([name]) if given_alone else words.map(lambda word, n=name: [n, word]))
    return st.one_of(found)


def typed() -> st.SearchStrategy[Typed]:
    """Any command of any program, with up to five parts."""
    known = [(program, name, command) for program in APPS for name, command in commands(program)]

    def of(chosen: tuple[str, str, Any]) -> st.SearchStrategy[Typed]:
        program, name, command = chosen
        head = [name] if name else []
        tail = GIVEN.get((program, name), [])
        return st.lists(parts(command), max_size=5).map(
            lambda lists: Typed(program, (*head, *(word for part in lists for word in part), *tail))
        )

    return st.sampled_from(known).flatmap(of)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with good and bad files, to stand in."""
    folder = tmp_path_factory.mktemp("a") / "b" / "c"
    (folder / "empty").mkdir(parents=True)
    (folder / "full").mkdir()
    for name in ("photo.png", "full/photo.png"):
        cv2.imwrite(str(folder / name), scene((60, 60), size=(120, 120)))
    points = "\n".join(f"{20 + i} {30 + i % 7}" for i in range(68))
    (folder / "full" / "photo.pts").write_text(f"version: 1\nn_points: 68\n{{\n{points}\n}}\n")
    for suffix in ("", ".tflite", ".onnx", ".safetensors", ".mp4", ".mat", ".yaml"):
        (folder / f"garbage{suffix}").write_bytes(b"\x1c\0\0\0TFL3 garbage \xff\n" * 9)
    (folder / "list.json").write_text("{}")
    (folder / "loop").symlink_to(".")
    os.mkfifo(folder / "pipe")
    before = Path.cwd()
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="module", autouse=True)
def no_network() -> Iterator[None]:
    """No command but those that fetch reaches for the network."""

    def refused(_socket: socket.socket, address: object) -> None:
        raise AssertionError(f"reaches for {address}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refused)
        yield


@contextmanager
def in_time(what: Typed) -> Iterator[None]:
    def late(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"no end of {what}")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    database=None,
)
@given(what=typed())
def test_it_ends_with_0_1_or_2(place: Path, what: Typed) -> None:
    assert place.is_dir()
    with in_time(what), pytest.raises(SystemExit) as stop:
        run(APPS[what.program], list(what.words))
    assert stop.value.code in (0, 1, 2), what
    sys.stdout.flush()

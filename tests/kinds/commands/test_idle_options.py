"""Kind: an option that would change nothing beside the others is told; none is passed over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from android_bench import cli as bench_cli
from facekp_export import cli as export_cli
from facekp_export import detect as detect_cli
from facekp_train import cli as train_cli

EXPORT, DETECT, BENCH, TRAIN = (each.app for each in (export_cli, detect_cli, bench_cli, train_cli))
PHOTO, VIDEO = "photo.png", "film.mp4"
BOX = ("--boxes", "1,2,30,30")
UNTRAINED = ("--untrained", "--backbone", "mobilenet-v2")
DECIDE, SERVE = ("decide", "a.tflite"), ("serve", "exports")
ADB = ("--device", "adb")

IDLE: list[tuple[typer.Typer, tuple[str, ...], tuple[str, ...], str]] = [
    (EXPORT, (), ("--from", "."), "without --to web"),
    (EXPORT, ("--to", "tflite", "--to", "android"), ("--from", "."), "without --to web"),
    (EXPORT, (), ("--backbone", "mobilenet-v2"), "without --untrained"),
    (EXPORT, (), ("--set", "size=96"), "without --untrained"),
    (EXPORT, (), ("--split", "test"), "without --data"),
    (EXPORT, (), ("--strict",), "without --data"),
    (EXPORT, (), ("--nme-tolerance", "2.0"), "without --data"),
    (EXPORT, (), ("--limit", "3"), "without --data or --calibration"),
    (EXPORT, ("--to", "onnx"), ("--io", "int8"), "without --to tflite"),
    (EXPORT, ("--to", "onnx"), ("--float16-tolerance", "1"), "without --to tflite"),
    (EXPORT, ("check", "mdp-1x"), ("--normalizer", "box"), "without --data"),
    (EXPORT, ("check", "mdp-1x"), ("--limit", "3"), "without --data"),
    (EXPORT, ("layers",), ("--limit", "3"), "without --data"),
    (EXPORT, ("boxes", "--points68", "pts:."), ("--split", "test"), "without --data"),
    (DETECT, (PHOTO,), ("--box-source", "mtfl"), "without --boxes"),
    (BENCH, ADB, ("--apk", "a.apk"), "without --runner app"),
    (BENCH, ADB, ("--uninstall",), "without --runner app"),
    (BENCH, ADB, ("--benchmark-binary", "b"), "without --runner official"),
    (BENCH, DECIDE, ("--split", "test"), "without --data"),
    (BENCH, DECIDE, ("--normalizer", "box"), "without --data"),
    (BENCH, SERVE, ("--out", "b.json"), "without --benchmark"),
    (BENCH, ("doctor", "--device", "cpu"), ("--serial", "x"), "without --device adb"),
    (BENCH, ("doctor", "--device", "cpu"), ("--adb-server", "x:1"), "without --device adb"),
    (TRAIN, ("evaluate", "--data", "pts:."), ("--curve-faces", "3"), "without --box-jitter or --tilt"),
    (TRAIN, ("fit", "--data", "pts:."), ("--validation-split", "test"), "without --validation"),
    (TRAIN, ("study", "--data", "pts:."), ("--validation-split", "test"), "without --validation"),
]

HARMLESS: list[tuple[typer.Typer, tuple[str, ...], tuple[str, ...], str]] = [
    (DETECT, (PHOTO,), ("--no-smooth",), "on photographs"),
    (DETECT, (PHOTO,), ("--smooth",), "on photographs"),
    (DETECT, (PHOTO, *BOX), ("--finder", "haar"), "with --boxes"),
    (DETECT, (PHOTO, *BOX), ("--smallest-face", "20"), "with --boxes"),
    (DETECT, (VIDEO,), ("--box-source", "mtfl"), "in a video"),
    (BENCH, (*ADB, "--sustained", "1m"), ("--repeat", "5"), "with --sustained"),
    (BENCH, (*ADB, "--delegate", "gpu", "--adb", "none"), ("--threads", "4"), "with --delegate gpu alone"),
    (BENCH, (*ADB, "--runner", "app", "--adb", "none"), ("--from", "."), "with --runner app"),
    (BENCH, (*ADB, "--runner", "official", "--adb", "none"), ("--from", "."), "with --runner official"),
    (TRAIN, ("evaluate", "--data", "pts:.", "--json"), ("--verbose",), "with --json"),
    (TRAIN, ("fit", "--data", "pts:.", "--init", "mdp-1x"), ("--imagenet", "a.pth"), "with --init"),
]


def of_phones() -> Iterator[tuple[typer.Typer, tuple[str, ...], tuple[str, ...], str]]:
    """Each option whose help begins with "Phone:", on lines without one."""
    top: Any = typer.main.get_command(BENCH)
    for line, command in (((), top), (DECIDE, top.commands["decide"]), (SERVE, top.commands["serve"])):
        for parameter in command.params:
            if (getattr(parameter, "help", None) or "").startswith("Phone:"):
                value = () if getattr(parameter, "is_flag", False) else ("1",)
                yield BENCH, line, (parameter.opts[0], *value), "without --device adb"


PHONES = list(of_phones())


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the lines name beside shipped models."""
    (tmp_path / "exports").mkdir()
    for name in (PHOTO, VIDEO, "a.tflite", "a.apk", "a.pth"):
        (tmp_path / name).write_bytes(b"garbage")
    monkeypatch.chdir(tmp_path)


def test_there_are_options_of_phones() -> None:
    assert len(PHONES) > 15


@pytest.mark.parametrize(
    ("app", "line", "option", "where"),
    [*IDLE, *PHONES],
    ids=[" ".join([*line, *option]) for _, line, option, _ in [*IDLE, *PHONES]],
)
def test_it_is_refused_with_what_it_wants(
    app: typer.Typer, line: tuple[str, ...], option: tuple[str, ...], where: str
) -> None:
    ended = CliRunner().invoke(app, [*line, *option])
    said = " ".join((ended.stderr or ended.output).split())
    assert ended.exit_code == 2, ended.output
    assert f"{option[0]}: it changes nothing {where}" in said
    assert said.endswith("add that, or leave this out"), "the remedy"


@pytest.mark.parametrize(
    ("app", "line", "option", "where"),
    HARMLESS,
    ids=[" ".join([*line, *option]) for _, line, option, _ in HARMLESS],
)
def test_where_the_rest_means_the_same_without_it_a_warning_will_do(
    app: typer.Typer, line: tuple[str, ...], option: tuple[str, ...], where: str
) -> None:
    ended = CliRunner().invoke(app, [*line, *option])
    said = " ".join((ended.stderr or ended.output).split())
    assert ended.exit_code != 2, "only the garbage that it names ends it"
    assert f"warning: {option[0]} changes nothing {where}" in said


@pytest.mark.parametrize("option", [("--tolerance", "1"), ("--data", "pts:."), ("--model", "mdp-1x")])
def test_random_weights_are_not_judged(option: tuple[str, str]) -> None:
    ended = CliRunner().invoke(EXPORT, [*UNTRAINED, *option])
    said = " ".join((ended.stderr or ended.output).split())
    assert ended.exit_code == 2
    assert f"an untrained net has no accuracy; leave {option[0]} out" in said

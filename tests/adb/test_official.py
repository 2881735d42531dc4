"""--runner official on the rig: a stand-in prints the tools' documented output through the real daemon."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from android_bench.phone.adb.adb import Adb
from android_bench.phone.adb.server import Server
from android_bench.phone.adb.shell import Phone
from android_bench.phone.runner import official
from android_bench.phone.runner.install import ROOT, install
from android_bench.phone.runner.official_output import parse
from android_bench.phone.runner.run import run_program
from android_bench.records.record import Document, Record
from tests.rig.rig import Rig
from tests.support.places import MODELS

pytestmark = pytest.mark.adb

SOURCE = Path(__file__).with_name("stand_in_benchmark_model.c")
MODEL = MODELS / "mdp-0.25x" / "model_int8.tflite"
QUICK = ("--repeat", "2", "--min-runs", "20", "--min-seconds", "0.05", "--warmup", "3", "--max-temp", "60")

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Compile the stand-in for arm64; the program, under a name that must be quoted."""
    folder = tmp_path_factory.mktemp("stand in's")

    def compiled(*definitions: str) -> Path:
        program = folder / f"benchmark model {' '.join(definitions)}"
        if not program.exists():
            words = ["aarch64-linux-gnu-gcc", "-O2", "-static", "-Wall", "-Werror", *definitions]
            subprocess.run([*words, str(SOURCE), "-o", str(program), "-lm"], check=True, timeout=120)
        return program

    return compiled


def bench(
    rig: Rig, folder: Path, binary: Path, *words: str, model: Path = MODEL
) -> tuple[int, list[Record], str]:
    """Run the whole command on the rig; exit code, records, stderr."""
    out = folder / "records.json"
    command = [sys.executable, "-m", "android_bench", "--device", "adb", "--serial", rig.serial]
    command += [
        "--timeout",
        "200",
        "--runner",
        "official",
        "--benchmark-binary",
        str(binary),
        "--models",
        str(model),
    ]
    done = subprocess.run(
        [*command, *QUICK, *words, "--out", str(out)],
        check=False, capture_output=True, text=True, timeout=240,
        env={**rig.environment, "FACEKP_CACHE": str(folder / "cache")},
    )  # fmt: skip
    records = Document.model_validate_json(out.read_text()).records if out.exists() else []
    return done.returncode, records, done.stderr


@pytest.mark.parametrize(
    ("definitions", "tells_median"),
    [(("-DGPU=0",), True), (("-DGPU=0", "-DOLD"), False), (("-DGPU=0", "-DLITERT"), True)],
    ids=["TensorFlow", "TensorFlow, old", "LiteRT"],
)
def test_both_tools_formats_become_records(
    definitions: tuple[str, ...], tells_median: bool, rig: Rig, build: Build, tmp_path: Path
) -> None:
    binary = build(*definitions)
    code, (record,), stderr = bench(rig, tmp_path, binary, "--threads", "2")
    assert (code, record.valid, record.emulated) == (0, True, True), stderr
    assert record.runner is not None
    assert (record.runner.name, record.device, record.delegate, record.threads) == (
        "official",
        "adb",
        "cpu",
        2,
    )
    assert record.runner.sha256 == hashlib.sha256(binary.read_bytes()).hexdigest()
    assert record.sha256 == hashlib.sha256(MODEL.read_bytes()).hexdigest()
    assert (record.samples_ms, record.p90_ms, record.parity) == ([], None, None)
    assert (record.p50_ms is not None) == (record.p95_ms is not None) == tells_median
    assert record.timed_runs is not None and record.timed_runs >= 20
    assert record.min_ms is not None and record.mean_ms is not None and record.max_ms is not None
    assert 0 < record.min_ms <= record.mean_ms <= record.max_ms
    assert record.memory_increase_mb == pytest.approx(8.4, abs=0.05)
    assert record.repeats is not None and len(record.repeats) == 2, stderr
    assert any("neither samples nor outputs" in warning for warning in record.warnings)
    # The rig's processor has the host's cores: those of the big cluster are there only on paper.
    assert record.pinned == (len(os.sched_getaffinity(0)) > max(record.cpus or [0]))


@pytest.mark.parametrize(
    ("definitions", "share"),
    [
        (("-DGPU=1",), "all"),
        (("-DGPU=1", "-DLITERT"), "all"),
        (("-DGPU=2",), "part"),
        (("-DGPU=2", "-DLITERT"), "part"),
        (("-DGPU=0",), "none"),
        (("-DGPU=3",), "none"),
        (("-DGPU=3", "-DLITERT"), "none"),
    ],
    ids=["all", "all, LiteRT", "part", "part, LiteRT", "not built in", "given back", "given back, LiteRT"],
)
def test_what_became_of_the_gpu_is_read_through_the_daemon(
    definitions: tuple[str, ...], share: str, rig: Rig, build: Build
) -> None:
    binary = build(*definitions)
    phone = Phone(Adb(server=Server.parse(rig.environment["ADB_SERVER_SOCKET"])), rig.serial)
    folder = f"{ROOT}/of'ficial {'-'.join(definitions)}"
    install(phone, folder, {"tool": binary, "a model.tflite": MODEL})
    words = official.command(
        "./tool", "a model.tflite", tool=official.tool_of(binary), delegate="gpu", threads=1, min_runs=5,
        min_seconds=0.0, max_seconds=9.0, warmup=1, cpus=[0],
    )  # fmt: skip
    result = run_program(phone, folder, words, timeout=60)
    facts = parse(result.stdout, result.stderr, "gpu")
    assert (result.code, facts.delegated, facts.runs) == (0, share, 5)
    assert official.pinned(result.stderr)
    assert "on 1 cores" in result.stderr


@pytest.mark.parametrize(
    ("definition", "says"), [("-DGPU=3", "took no part"), ("-DGPU=2", "GPU took only a part of the nodes")]
)
def test_a_silent_fallback_is_an_invalid_record(
    definition: str, says: str, rig: Rig, build: Build, tmp_path: Path
) -> None:
    words = ("--delegate", "cpu,gpu", "--repeat", "1")
    code, records, stderr = bench(rig, tmp_path, build(definition), *words)
    assert [(record.delegate, record.valid) for record in records] == [("cpu", True), ("gpu", False)], stderr
    assert code == 1
    assert says in records[1].invalid_reasons[0]


def test_what_the_tool_cannot_do_does_not_spoil_what_it_can(rig: Rig, build: Build, tmp_path: Path) -> None:
    words = ("--delegate", "nnapi,cpu", "--repeat", "1")
    code, records, stderr = bench(rig, tmp_path, build("-DGPU=0", "-DLITERT"), *words)
    assert {record.delegate: record.valid for record in records} == {"nnapi": False, "cpu": True}, stderr
    assert code == 1
    assert "no NNAPI" in stderr


def test_a_program_that_is_no_benchmark_model_never_reaches_the_phone(rig: Rig, tmp_path: Path) -> None:
    rig.shell("rm -rf /data/local/tmp/facekp/official")
    wrong = tmp_path / "benchmark_model"
    wrong.write_bytes(b"<html>sign in</html>")
    code, records, stderr = bench(rig, tmp_path, wrong)
    assert (code, records) == (1, [])
    assert "not an arm64 program" in stderr
    assert "benchmark_model" not in rig.shell("ls /data/local/tmp/facekp/official 2>/dev/null; true")

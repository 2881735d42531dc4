"""facekp-bench --device adb from end to end, against a real daemon: what it measures, how it fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from android_bench.phone.bundles.bundle import NAMES, bundle
from android_bench.phone.runner.install import ROOT
from android_bench.records.record import Document
from facekp_train.common.shipped import shipped_models_dir
from tests.adb.measuring import INT8, QUICK, environment, error_of, finish, measure, start
from tests.rig.rig import Rig

pytestmark = pytest.mark.adb

ENDLESS = ("--repeat", "1", "--min-runs", "1000000", "--min-seconds", "0")


@pytest.fixture(scope="module", autouse=True)
def bundles() -> None:
    """Fetched by this user's own settings, since the command under test has the rig's home."""
    for name in NAMES:
        bundle(name)


def until(true: Callable[[], Any], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def running(rig: Rig) -> bool:
    """Whether a runner is at work; its name alone is in the commands that install it as well."""
    return "--engine" in rig.adb("-s", rig.serial, "shell", "cat /proc/[0-9]*/cmdline").stdout


def test_a_record_says_what_was_measured_on_what(rig: Rig, tmp_path: Path) -> None:
    rig.shell(f"rm -rf {ROOT}")
    (record,) = measure(rig, tmp_path, "--models", INT8, "--repeat", "2", *QUICK[2:])
    assert (record.device, record.delegate, record.emulated, record.valid) == ("adb", "cpu", True, True)
    assert record.serial == rig.serial
    assert record.fingerprint and record.state_before and record.state_after and record.parity
    assert (record.fingerprint.chip, record.fingerprint.page_bytes) == ("Snapdragon 855", 4096)
    assert [cluster.cpus for cluster in record.fingerprint.clusters] == [[7], [4, 5, 6], [0, 1, 2, 3]]
    assert record.cpus == [7]
    assert record.runner and record.runner.name == "bionic"
    assert record.runtime_version == "2.16.1"
    assert record.parity.ok and record.parity.inputs == 8
    assert record.parity.mean_px is not None and record.parity.mean_px <= 0.1
    assert record.repeats and [repeat.runs for repeat in record.repeats] == [3, 3]
    assert len(record.samples_ms) == 6 and record.agreement is not None
    # Models and inputs are gone, the runner stays for the next time.
    assert rig.shell(f"ls {ROOT}").split() == ["bionic"]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["mdp-0.25x", "mdp-1x"])
@pytest.mark.parametrize("runner", ["auto", "glibc"])
def test_every_shipped_file_gives_this_computers_points(
    rig: Rig, tmp_path: Path, model: str, runner: str
) -> None:
    folder = shipped_models_dir() / model
    wanted = {path.name for path in folder.iterdir() if path.suffix in (".tflite", ".onnx")}
    if runner == "glibc":
        wanted = {name for name in wanted if name.endswith(".tflite")}
    quick = ("--repeat", "1", "--min-runs", "1", "--min-seconds", "0", "--warmup", "0", "--timeout", "600")
    records = measure(rig, tmp_path, "--models", folder, "--runner", runner, *quick)
    assert {Path(record.model).name for record in records} == wanted
    for record in records:
        assert record.parity and record.parity.ok
        assert record.runner
        expected = (
            "onnxruntime" if record.model.endswith(".onnx") else "bionic" if runner == "auto" else "glibc"
        )
        assert record.runner.name == expected


@pytest.mark.slow
def test_a_first_look_ends_within_two_minutes(rig: Rig, tmp_path: Path) -> None:
    rig.shell(f"rm -rf {ROOT}")
    calm, begun = os.getloadavg()[0] < (os.cpu_count() or 1), time.monotonic()
    records = measure(rig, tmp_path, "--models", INT8.parent, "--quick")
    seconds = time.monotonic() - begun
    assert [(record.kind, len(record.samples_ms), record.valid) for record in records] == [
        ("float32", 10, True), ("int8", 10, True),
    ]  # fmt: skip
    assert all(record.parity and record.parity.inputs == 2 for record in records)
    assert all(record.throttled is None for record in records)
    assert seconds < 120 or not calm


def test_a_phone_lost_in_the_middle_of_a_run(fresh_rig: Rig, tmp_path: Path) -> None:
    process = start(fresh_rig, tmp_path, "--models", INT8, *ENDLESS, "--json")
    until(lambda: running(fresh_rig))
    fresh_rig.kill_adbd()
    code, stdout, stderr = finish(process, 60)
    assert code == 1
    assert "was lost in the middle of a command" in error_of(stderr)
    (record,) = json.loads(stdout)["records"]
    assert (record["valid"], record["p50_ms"]) == (False, None)


def test_a_run_that_takes_too_long_is_ended_on_the_phone(rig: Rig, tmp_path: Path) -> None:
    process = start(rig, tmp_path, "--models", INT8, *ENDLESS, "--timeout", "10")
    code, _, stderr = finish(process, 90)
    assert code == 1
    assert "allow more with --timeout" in error_of(stderr)
    until(lambda: not running(rig), 30)


def test_a_daemon_that_falls_silent_is_noticed_in_time(fresh_rig: Rig, tmp_path: Path) -> None:
    fresh_rig.stop_adbd()
    try:
        begun = time.monotonic()
        code, _, stderr = finish(start(fresh_rig, tmp_path, "--models", INT8), 60)
        assert time.monotonic() - begun < 40  # 20 s, and Python's start on a busy machine
        assert code == 1
        assert "gave no answer within" in error_of(stderr)
    finally:
        fresh_rig.continue_adbd()


@pytest.mark.parametrize(
    ("number", "ends_with"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_what_is_called_off_keeps_what_was_measured_and_ends_the_runner(
    number: signal.Signals, ends_with: int, rig: Rig, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    process = start(rig, tmp_path, "--models", INT8, *ENDLESS, "--out", kept)
    until(lambda: running(rig))
    process.send_signal(number)
    code, _, _ = finish(process, 60)
    assert code == ends_with
    (record,) = Document.model_validate_json(kept.read_text()).records
    assert record.invalid_reasons == ["interrupted: only 0 of 1 repeats"]
    until(lambda: not running(rig), 30)
    assert "work" not in rig.shell(f"ls {ROOT}").split()


def test_a_full_phone(fresh_rig: Rig, tmp_path: Path) -> None:
    fresh_rig.fill_disk()
    try:
        code, _, stderr = finish(start(fresh_rig, tmp_path, "--models", INT8), 90)
        assert code == 1
        assert "MB are needed in /data/local/tmp" in error_of(stderr)
    finally:
        fresh_rig.free_disk()
    assert fresh_rig.shell("find /data/local/tmp -name facekp") == ""


def test_a_stale_library_on_the_phone_is_replaced(rig: Rig, tmp_path: Path) -> None:
    library = f"{ROOT}/bionic/libtensorflowlite_jni.so"
    measure(rig, tmp_path, "--models", INT8, *QUICK)
    # One byte of it is another; its size and time are the same.
    engine = tmp_path / "engine"
    assert rig.adb("-s", rig.serial, "pull", library, str(engine)).returncode == 0
    content = bytearray(engine.read_bytes())
    content[5000] ^= 1
    engine.write_bytes(content)
    assert rig.adb("-s", rig.serial, "push", str(engine), library).returncode == 0
    before = rig.shell(f"sha256sum {library}")
    (record,) = measure(rig, tmp_path, "--models", INT8, *QUICK)
    assert record.engine_sha256 and record.engine_sha256 not in before
    assert record.engine_sha256 in rig.shell(f"sha256sum {library}")


def test_a_kirin_beside_it_is_measured_at_the_same_time(fresh_rig: Rig, tmp_path: Path) -> None:
    other = fresh_rig.second_device("kirin-980")
    code, _, stderr = finish(start(fresh_rig, tmp_path, "--models", INT8, *QUICK), 60)
    assert code == 1
    assert f"2 phones are connected: {fresh_rig.serial}, {other}" in error_of(stderr)
    records = measure(fresh_rig, tmp_path, "--models", INT8, "--serial", "all", *QUICK)
    chips = {record.serial: record.fingerprint and record.fingerprint.chip for record in records}
    assert chips == {fresh_rig.serial: "Snapdragon 855", other: "Kirin 980"}
    assert all(record.valid for record in records)


def test_a_phone_in_use_is_not_measured_twice(rig: Rig, tmp_path: Path) -> None:
    first = start(rig, tmp_path, "--models", INT8, *ENDLESS)
    try:
        until(lambda: running(rig))
        code, _, stderr = finish(start(rig, tmp_path, "--models", INT8), 60)
        assert code == 1
        assert f"being measured by another facekp-bench (process {first.pid})" in error_of(stderr)
    finally:
        first.send_signal(signal.SIGINT)
        finish(first, 60)


def test_one_phone_under_two_names_is_measured_once(fresh_rig: Rig, tmp_path: Path) -> None:
    port = fresh_rig.serial.rpartition(":")[2]
    assert "connected to" in fresh_rig.adb("connect", f"localhost:{port}").stdout
    words = ("--models", INT8, "--serial", "all", *QUICK, "--json")
    code, stdout, _ = finish(start(fresh_rig, tmp_path, *words))
    assert code == 0
    (record,) = Document.model_validate_json(stdout).records
    assert record.valid


def test_fixed_performance_is_switched_off_again(rig: Rig, tmp_path: Path) -> None:
    log = "/system/etc/rig/cmd.log"
    said = len(rig.read_root(log).splitlines())
    (record,) = measure(rig, tmp_path, "--models", INT8, "--fixed-performance", *QUICK)
    assert record.fixed_performance
    mode = b"power set-fixed-performance-mode-enabled"
    assert rig.read_root(log).splitlines()[said:] == [mode + b" true", mode + b" false"]


def test_a_sustained_measurement_has_a_curve(rig: Rig, tmp_path: Path) -> None:
    words = ("--sustained", "5s", "--min-runs", "3", "--min-seconds", "0", "--warmup", "0")
    (record,) = measure(rig, tmp_path, "--models", INT8, *words)
    assert record.curve and record.curve[-1].seconds >= 5
    assert len(record.samples_ms) == 3 * len(record.curve)
    assert all(point.temperature_c == 30.0 and point.frequency_khz for point in record.curve)


def test_a_phone_behind_another_adb_server(rig: Rig, tmp_path: Path) -> None:
    address = rig.environment["ADB_SERVER_SOCKET"]
    elsewhere = {"ADB_SERVER_SOCKET": "tcp:127.0.0.1:1"}  # nothing listens there
    command = [sys.executable, "-m", "android_bench", "devices", "--json"]
    done = subprocess.run(
        [*command, "--adb-server", address],
        env=environment(rig, tmp_path) | elsewhere,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert [phone["serial"] for phone in json.loads(done.stdout)] == [rig.serial]


@pytest.mark.slow
def test_a_gpu_that_does_all_the_work_is_a_valid_record(rig: Rig, tmp_path: Path) -> None:
    """Beside the phone without one, whose record is invalid and names the reason."""
    model = INT8.with_name("model_float32.tflite")
    words = ("--models", model, "--delegate", "gpu", *QUICK[:-1], "1500")
    with Rig("snapdragon-845", opencl=True) as gpu:
        (record,) = measure(gpu, tmp_path, *words)
    assert record.valid and record.delegate == "gpu" and record.delegated_nodes == (67, 67)
    assert record.parity and record.parity.ok and record.parity.tolerance == 5e-3
    code, stdout, _ = finish(start(rig, tmp_path, *words, "--json"))
    (record,) = Document.model_validate_json(stdout).records
    assert code == 1 and not record.valid
    assert (
        "cannot prepare" in record.invalid_reasons[0] and "Can not open OpenCL" in record.invalid_reasons[0]
    )


def test_16_kb_pages_take_the_glibc_runner_and_say_so(fresh_rig: Rig, tmp_path: Path) -> None:
    fresh_rig.push_root("/system/bin/getconf", b"#!/system/bin/sh\necho 16384\n", 0o755)
    code, _, stderr = finish(start(fresh_rig, tmp_path, "--models", INT8, "--runner", "bionic"), 60)
    assert code == 1
    assert "memory pages have 16 KB" in error_of(stderr)
    (record,) = measure(fresh_rig, tmp_path, "--models", INT8, *QUICK)
    assert record.runner and record.runner.name == "glibc"
    assert "16 KB" in record.runner.why

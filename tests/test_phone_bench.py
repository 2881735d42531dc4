"""facekp-bench --device adb against a scripted phone: the protocol of a measurement, and what ends it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted_phone import ScriptedPhone
from tiny_models import tiny_onnx, tiny_tflite

from android_bench import cli
from android_bench.phone import runners
from android_bench.phone.bundle import Bundle
from android_bench.phone.install import ROOT
from android_bench.record import Document
from facekp_train.console import run
from facekp_train.files import sha256_of

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripted phone is this computer's own shell")

RUNNER = r'''#!PYTHON
"""c = a + 1, and whatever the test puts into behave.py."""
import array, json, os, sys, time
words = sys.argv[1:]
options = dict(zip(words[::2], words[1::2]))
a = array.array("f", open(options["--input"], "rb").read())
answer = {
    "runner": 1, "engine": "tflite", "engine_version": "2.16.1", "delegate": options["--delegate"],
    "threads": int(options["--threads"]), "cpus": [], "pinned": True if "--cpus" in options else None,
    "load_ms": 3.0, "first_ms": 2.0, "warmup_runs": int(options["--warmup"]),
    "samples_ns": [1000000 + 1000 * n for n in range(int(options["--min-runs"]))],
    "peak_memory_kb": 20000, "base_memory_kb": 5000,
    "inputs": [{"name": "a", "shape": [1, 64], "dtype": "float32"}],
    "outputs": [{"name": "c", "shape": [1, 64], "dtype": "float32"}],
}
outputs = array.array("f", [x + 1 for x in a])
if os.path.exists("../behave.py"):
    exec(open("../behave.py").read())
open(options["--output"], "wb").write(outputs.tobytes())
print(json.dumps(answer))
'''.replace("PYTHON", sys.executable)
QUICK = ("--min-runs", "5", "--min-seconds", "0", "--repeat", "2")

Bench = Callable[..., tuple[int, list[Any], str]]


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedPhone]:
    folder = tmp_path / "scripted"
    folder.mkdir()
    scripted = ScriptedPhone(folder)
    for name, value in scripted.environment.items():
        monkeypatch.setenv(name, value)
    assembled = tmp_path / "bundle"
    assembled.mkdir()
    (assembled / "runner").write_text(RUNNER)
    (assembled / "lib.so").write_text("engine")
    hashes = {path.name: sha256_of(path) for path in assembled.iterdir()}

    def bundle(name: str, source: Path | None) -> Bundle:
        gpu = "./gpu.so" if name == "bionic" else None
        return Bundle(
            name, assembled, hashes, {}, ["./runner"], "./lib.so", gpu, 4096 if gpu else 65536, {"x": "1"}
        )

    monkeypatch.setattr(runners, "bundle", bundle)
    yield scripted
    scripted.close()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_tflite(tmp_path / "it's a $(model).tflite", constant=1.0)


@pytest.fixture
def bench(model: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    """Run the command on the model; exit code, records, stderr."""

    def call(*words: str) -> tuple[int, list[Any], str]:
        with pytest.raises(SystemExit) as exit_:
            run(cli.app, ["--device", "adb", "--models", str(model), "--json", *QUICK, *words])
        stdout, stderr = capsys.readouterr()
        records = Document.model_validate_json(stdout).records if stdout.startswith("{") else []
        return int(exit_.value.code or 0), list(records), stderr

    return call


def behave(scripted: ScriptedPhone, text: str) -> None:
    scripted.put(f"{ROOT}/behave.py", text)


def test_a_measurement_holds_what_was_asked_for(scripted: ScriptedPhone, bench: Bench, model: Path) -> None:
    code, (one, four), _ = bench("--threads", "1,4", "--repeat", "3")
    assert code == 0
    assert (one.threads, four.threads) == (1, 4)
    assert one.cpus == [4, 5, 6, 7] and one.pinned
    assert len(one.samples_ms) == 15
    assert [repeat.runs for repeat in one.repeats] == [5, 5, 5]
    assert one.agreement == 0
    assert one.parity.ok and one.parity.source == "noise"
    assert one.sha256 == sha256_of(model)
    assert one.runner.sha256 == sha256_of(scripted.root / ROOT[1:] / "bionic" / "runner")
    assert (one.peak_memory_mb, one.memory_increase_mb) == (20.5, 15.4)
    assert (one.state_before.battery_percent, one.state_after.charging) == (80, "usb")
    assert one.emulated and one.machine.python is None
    # The user's file name never reaches the phone's shell.
    assert not any("$(model)" in word for call in scripted.calls if "shell" in call for word in call)
    assert not (scripted.root / ROOT[1:] / "work").exists()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("outputs[0] += 0.5", "computes something else"),
        ("outputs[0] = float('nan')", "not finite"),
        ("answer['threads'] += 1", "something else than it was asked"),
        ("answer['samples_ns'] = answer['samples_ns'][:2]", "only 2 runs"),
        ("print('half of a li'); os._exit(0)", "garbled"),
        ("os.kill(os.getpid(), 9)", "killed by the phone"),
        ("os.kill(os.getpid(), 11)", "SIGSEGV"),
        ("sys.stderr.write('error: lib.so cannot be opened\\n'); sys.exit(3)", "lib.so cannot be opened"),
        ("outputs = outputs[:-1]", "another shape"),
    ],
    ids=str,
)
def test_a_run_that_is_not_believed_is_kept_as_invalid(
    scripted: ScriptedPhone, bench: Bench, text: str, says: str
) -> None:
    behave(scripted, text)
    code, (record,), stderr = bench()
    assert code == 1
    assert says in stderr and says in record.invalid_reasons[0]
    assert stderr.count("\n") == 1
    assert (record.valid, record.p50_ms) == (False, None)


def test_a_gpu_that_only_pretends_is_invalid_and_a_true_one_is_not(
    scripted: ScriptedPhone, bench: Bench
) -> None:
    replacing = "INFO: Replacing 3 out of 4 node(s) with delegate (TfLiteGpuDelegateV2) node"
    behave(scripted, f"sys.stderr.write('{replacing}\\n')")
    code, (cpu, gpu), stderr = bench("--delegate", "cpu,gpu")
    assert code == 1
    assert (cpu.valid, gpu.valid) == (True, False)
    assert "the CPU computed it" in stderr
    proof = "Initialized OpenCL-based API\\nCreated 1 GPU delegate kernels"
    behave(scripted, f"sys.stderr.write('{replacing}\\n{proof}\\n')")
    code, (gpu,), _ = bench("--delegate", "gpu")
    assert (code, gpu.delegated_nodes) == (0, (3, 4))
    assert any("gpu took 3 of 4 nodes" in warning for warning in gpu.warnings)


def test_16_kb_pages_take_the_other_runner_which_has_no_gpu(scripted: ScriptedPhone, bench: Bench) -> None:
    scripted.tool("getconf", "echo 16384")
    code, records, stderr = bench("--runner", "bionic")
    assert (code, records) == (1, [])
    assert "memory pages have 16 KB" in stderr
    code, (cpu, gpu), stderr = bench("--delegate", "cpu,gpu")
    assert code == 1
    assert cpu.valid and cpu.runner.name == "glibc" and "16 KB" in cpu.runner.why
    assert not gpu.valid and "computes on the CPU alone" in gpu.invalid_reasons[0]


def test_onnx_files_beside_others_are_measured_on_the_cpu_alone(
    scripted: ScriptedPhone, bench: Bench, tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    file = tiny_onnx(tmp_path / "add.onnx", constant=1.0)
    replacing = "INFO: Replacing 4 out of 4 node(s) with delegate (TfLiteGpuDelegateV2) node"
    proof = f"{replacing}\\nInitialized OpenCL-based API\\nCreated 1 GPU delegate kernels"
    behave(scripted, f"sys.stderr.write('{proof}\\n')")
    code, records, _ = bench("--delegate", "cpu,gpu", "--models", str(file))
    measured = [(Path(r.model).suffix, r.delegate, r.valid) for r in records]
    assert (code, sorted(measured)) == (
        0, [(".onnx", "cpu", True), (".tflite", "cpu", True), (".tflite", "gpu", True)],
    )  # fmt: skip
    (said,) = [r.warnings for r in records if r.runtime == "onnxruntime"]
    assert "not measured on gpu: the runner onnxruntime computes on the CPU alone" in said
    code, records, stderr = bench("--delegate", "gpu", "--models", str(file))
    assert code == 1 and [r.valid for r in records if r.runtime == "onnxruntime"] == [False]
    assert "computes on the CPU alone" in stderr


def test_a_phone_that_stays_warm_is_not_measured(
    scripted: ScriptedPhone, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("android_bench.phone.session.COOL_SECONDS", 0.0)
    code, (record,), _ = bench("--max-temp", "20")
    assert code == 1
    assert record.samples_ms == []
    assert "28.5 C (battery)" in record.invalid_reasons[0] and "--max-temp" in record.invalid_reasons[0]


def test_a_phone_that_slows_down_is_tried_again_and_then_given_up(
    scripted: ScriptedPhone, bench: Bench
) -> None:
    limits = scripted.root / "sys/devices/system/cpu/cpu7/cpufreq/scaling_max_freq"
    lower = f"p = {str(limits)!r}; n = int(open(p).read()); open(p, 'w').write(str(n - 1000))"
    once = f"if not os.path.exists('once'): open('once', 'w').close(); {lower}"
    behave(scripted, once)
    code, (record,), _ = bench("--repeat", "1")
    assert code == 0
    assert record.repeats[0].attempts == 2 and not record.throttled
    behave(scripted, lower)
    code, (record,), _ = bench("--repeat", "1")
    assert code == 1
    assert "slowed down in each of 3 attempts" in record.invalid_reasons[0]
    assert record.throttled and len(record.samples_ms) == 5


def test_a_sustained_measurement_keeps_its_curve(scripted: ScriptedPhone, bench: Bench) -> None:
    code, (record,), _ = bench("--sustained", "3s")
    assert code == 0
    assert record.curve[-1].seconds >= 3
    assert record.curve[0].frequency_khz == 2_400_000 and record.curve[0].temperature_c == 28.5
    assert len(record.samples_ms) == 5 * len(record.curve)


def test_a_phone_lost_between_two_repeats_keeps_the_first(scripted: ScriptedPhone, bench: Bench) -> None:
    script = scripted.folder / "script.json"
    gone = json.dumps(scripted.script | {"cut": "facekp"})
    behave(scripted, f"open({str(script)!r}, 'w').write({gone!r})")
    code, (record,), stderr = bench()
    assert code == 1
    assert "lost in the middle" in stderr
    assert not record.valid


def test_several_phones_are_measured_at_once(scripted: ScriptedPhone, bench: Bench) -> None:
    scripted.save(phones={"A": "device", "B": "device"})
    shutil.copytree(scripted.root, f"{scripted.root}-B")  # another phone has other storage
    code, records, stderr = bench()
    assert (code, records) == (1, [])
    assert "2 phones are connected" in stderr
    code, records, _ = bench("--serial", "all")
    assert code == 0
    assert {record.serial for record in records} == {"A", "B"}


def test_devices_lists_what_can_be_used_and_why_another_cannot(
    scripted: ScriptedPhone, capsys: pytest.CaptureFixture[str]
) -> None:
    scripted.save(phones={"TEST": "device", "OTHER": "unauthorized"})
    with pytest.raises(SystemExit) as exit_:
        run(cli.app, ["devices", "--json"])
    assert not exit_.value.code
    test, other = json.loads(capsys.readouterr().out)
    assert test["fingerprint"]["chip"] == "Snapdragon 855" and test["problem"] is None
    assert [cluster["cpus"] for cluster in test["fingerprint"]["clusters"]] == [[4, 5, 6, 7], [0, 1, 2, 3]]
    assert "Allow USB debugging" in other["problem"]
    with pytest.raises(SystemExit):
        run(cli.app, ["devices"])
    shown = capsys.readouterr().out
    assert "Cortex-A55 (0x41/0xd05), up to 1.80 GHz" in shown and "battery 80 %, charging (usb)" in shown


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--device", "cpu", "--serial", "x"), "--serial"),
        (("--runner", "magic"), "magic"),
        (("--delegate", "npu"), "npu"),
        (("--benchmark-binary", "x"), "--runner official"),
        (("--sustained", "soon"), "soon"),
        (("--adb-server", "a b"), "HOST:PORT"),
        (("--runtime", "torch"), "PyTorch"),
        (("--repeat", "0"), "repeat"),
    ],
    ids=str,
)
def test_wrong_usage_is_exit_code_2(
    words: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        run(cli.app, ["--device", "adb", *words])
    assert exit_.value.code == 2
    assert says in capsys.readouterr().err

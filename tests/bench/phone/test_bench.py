"""facekp-bench --device adb against a scripted phone: the protocol of a measurement, and what ends it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from android_bench.phone.adb import find
from android_bench.phone.bundles.bundle import Bundle
from android_bench.phone.runner import runners
from android_bench.phone.runner.install import ROOT
from android_bench.records.record import Document
from android_bench.reports.formats import FORMATS
from facekp_train.common.console import UserError
from facekp_train.common.files import sha256_of
from tests.support.models.tiny_models import tiny_onnx, tiny_tflite
from tests.support.phones.scripted_phone import PROPERTIES, ScriptedPhone

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripted phone is this computer's own shell")

Measure = Callable[..., tuple[int, list[Any], str]]


def test_a_measurement_holds_what_was_asked_for(
    scripted: ScriptedPhone, measure: Measure, odd_model: Path
) -> None:
    code, (one, four), _ = measure("--threads", "1,4", "--repeat", "3")
    assert code == 0
    assert (one.threads, four.threads) == (1, 4)
    assert one.cpus == [4, 5, 6, 7] and one.pinned
    assert len(one.samples_ms) == 15
    assert [repeat.runs for repeat in one.repeats] == [5, 5, 5]
    assert one.agreement == 0
    assert one.parity.ok and one.parity.source == "noise"
    assert one.sha256 == sha256_of(odd_model)
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
    scripted: ScriptedPhone, measure: Measure, text: str, says: str
) -> None:
    scripted.behave(text)
    code, (record,), stderr = measure()
    assert code == 1
    assert says in stderr and says in record.invalid_reasons[0]
    assert stderr.count("\n") == 1
    assert (record.valid, record.p50_ms) == (False, None)


def test_a_gpu_that_only_pretends_is_invalid_and_a_true_one_is_not(
    scripted: ScriptedPhone, measure: Measure
) -> None:
    replacing = "INFO: Replacing 3 out of 4 node(s) with delegate (TfLiteGpuDelegateV2) node"
    scripted.behave(f"sys.stderr.write('{replacing}\\n')")
    code, (cpu, gpu), stderr = measure("--delegate", "cpu,gpu")
    assert code == 1
    assert (cpu.valid, gpu.valid) == (True, False)
    assert "the CPU computed it" in stderr
    replacing = replacing.replace("3 out", "4 out")
    proof = "Initialized OpenCL-based API\\nCreated 1 GPU delegate kernels"
    scripted.behave(f"sys.stderr.write('{replacing}\\n{proof}\\n')")
    code, (gpu,), _ = measure("--delegate", "gpu")
    assert (code, gpu.delegated_nodes) == (0, (4, 4))


def test_a_delegate_that_takes_only_a_part_gives_no_time_of_its_own(
    scripted: ScriptedPhone, measure: Measure
) -> None:
    log = "INFO: Replacing 3 out of 4 node(s) with delegate (TfLiteNnapiDelegate) node"
    scripted.behave(f"sys.stderr.write('{log}\\n')")
    code, (record,), stderr = measure("--delegate", "nnapi")
    assert code == 1
    assert "NNAPI took only 3 of 4 nodes" in stderr
    assert (record.valid, record.p50_ms, record.delegated_nodes) == (False, None, (3, 4))
    assert len(record.samples_ms) == 5  # kept for whoever wants to know what the mixture takes


def test_16_kb_pages_take_the_other_runner_which_has_no_gpu(
    scripted: ScriptedPhone, measure: Measure
) -> None:
    scripted.tool("getconf", "echo 16384")
    code, records, stderr = measure("--runner", "bionic")
    assert (code, records) == (1, [])
    assert "memory pages have 16 KB" in stderr
    code, (cpu, gpu), stderr = measure("--delegate", "cpu,gpu")
    assert code == 1
    assert cpu.valid and cpu.runner.name == "glibc" and "16 KB" in cpu.runner.why
    assert not gpu.valid and "computes on the CPU alone" in gpu.invalid_reasons[0]


def test_onnx_files_beside_others_are_measured_on_the_cpu_alone(
    scripted: ScriptedPhone, measure: Measure, tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    file = tiny_onnx(tmp_path / "add.onnx", constant=1.0)
    replacing = "INFO: Replacing 4 out of 4 node(s) with delegate (TfLiteGpuDelegateV2) node"
    proof = f"{replacing}\\nInitialized OpenCL-based API\\nCreated 1 GPU delegate kernels"
    scripted.behave(f"sys.stderr.write('{proof}\\n')")
    code, records, _ = measure("--delegate", "cpu,gpu", "--models", str(file))
    measured = [(Path(r.model).suffix, r.delegate, r.valid) for r in records]
    assert (code, sorted(measured)) == (
        0, [(".onnx", "cpu", True), (".tflite", "cpu", True), (".tflite", "gpu", True)],
    )  # fmt: skip
    (warnings,) = [r.warnings for r in records if r.runtime == "onnxruntime"]
    assert "not measured on gpu: the runner onnxruntime computes on the CPU alone" in warnings
    code, records, stderr = measure("--delegate", "gpu", "--models", str(file))
    assert code == 1 and [r.valid for r in records if r.runtime == "onnxruntime"] == [False]
    assert "computes on the CPU alone" in stderr


def test_fixed_performance_is_switched_on_for_the_measurement_alone(
    scripted: ScriptedPhone, measure: Measure
) -> None:
    log = scripted.folder / "cmd.log"
    scripted.tool("cmd", f'echo "$*" >> {log}')
    scripted.behave(f"open({str(log)!r}, 'a').write('run\\n')")
    code, (record,), _ = measure("--fixed-performance", "--repeat", "1")
    mode = "power set-fixed-performance-mode-enabled"
    assert log.read_text().splitlines() == [f"{mode} true", "run", f"{mode} false"]
    assert code == 0 and record.fixed_performance
    assert any("fixed performance mode was on" in warning for warning in record.warnings)
    # A phone before Android 11 does not know it.
    scripted.tool("cmd", "echo 'Unknown command' >&2; exit 255")
    code, (record,), stderr = measure("--fixed-performance")
    assert code == 1
    assert "leave --fixed-performance out" in stderr and not record.fixed_performance


def test_how_fixed_performance_is_switched_off_is_said_where_it_failed(
    scripted: ScriptedPhone, measure: Measure
) -> None:
    scripted.tool("cmd", '[ "$3" = true ]')
    code, (record,), stderr = measure("--fixed-performance", "--repeat", "1")
    assert code == 0 and record.valid
    assert "adb -s TEST shell cmd power set-fixed-performance-mode-enabled false" in stderr


def test_a_phone_lost_between_two_repeats_keeps_the_first(scripted: ScriptedPhone, measure: Measure) -> None:
    script = scripted.folder / "script.json"
    gone = json.dumps(scripted.script | {"cut": "facekp"})
    scripted.behave(f"open({str(script)!r}, 'w').write({gone!r})")
    code, (record,), stderr = measure()
    assert code == 1
    assert "lost in the middle" in stderr
    assert not record.valid


def test_several_phones_are_measured_at_once(
    scripted: ScriptedPhone, measure: Measure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "_identity", lambda phone, _deadline: phone.serial)  # both have one script
    scripted.save(phones={"A": "device", "B": "device"})
    shutil.copytree(scripted.root, f"{scripted.root}-B")  # another phone has other storage
    code, records, stderr = measure()
    assert (code, records) == (1, [])
    assert "2 phones are connected" in stderr
    code, records, _ = measure("--serial", "all")
    assert code == 0
    assert {record.serial for record in records} == {"A", "B"}


def test_the_same_phone_by_cable_and_by_network_is_measured_once(
    scripted: ScriptedPhone, measure: Measure
) -> None:
    scripted.save(phones={"R5CT": "device", "192.168.1.20:5555": "device"})
    scripted.properties(PROPERTIES | {"ro.serialno": "R5CT"})
    scripted.behave("time.sleep(1)")  # both are at it at the same time
    code, records, _ = measure("--serial", "all")
    assert code == 0
    assert len(records) == 1 and records[0].valid


def test_a_runner_that_cannot_be_had_costs_only_the_files_that_need_it(
    scripted: ScriptedPhone, measure: Measure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("onnx")
    bundle = runners.bundle

    def no_onnxruntime(name: str, source: Path | None) -> Bundle:
        if name == "onnxruntime":
            raise UserError("the wheel cannot be fetched; check the network")
        return bundle(name, source)

    monkeypatch.setattr(runners, "bundle", no_onnxruntime)
    file = tiny_onnx(tmp_path / "add.onnx", constant=1.0)
    code, records, stderr = measure("--models", file)
    assert code == 1
    assert {(Path(r.model).suffix, r.valid) for r in records} == {(".onnx", False), (".tflite", True)}
    assert "the wheel cannot be fetched" in stderr


def test_a_file_that_cannot_be_brought_costs_only_its_own_measurements(
    scripted: ScriptedPhone, measure: Measure, tmp_path: Path
) -> None:
    large = tmp_path / "large.tflite"
    tiny_tflite(large, constant=2.0)
    large.write_bytes(large.read_bytes() + bytes(3_000_000))
    frees = "echo 'Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/x 9 9 1000 9% /data'"
    scripted.tool("df", frees)
    code, records, stderr = measure("--models", large)
    assert code == 1
    assert {(Path(r.model).name, r.valid) for r in records} == {
        ("large.tflite", False), ("it's a $(model).tflite", True),
    }  # fmt: skip
    assert "MB are needed in /data/local/tmp and 1.0 MB are free" in stderr


def test_files_that_a_named_runner_cannot_run_are_named(
    scripted: ScriptedPhone, measure: Measure, tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    file = tiny_onnx(tmp_path / "add.onnx", constant=1.0)
    code, records, stderr = measure("--runner", "glibc", "--repeat", "1", "--models", file)
    assert (code, len(records)) == (0, 1)
    assert "left out: add.onnx: --runner glibc runs .tflite files alone" in stderr


def test_a_phone_that_fills_up_is_not_taken_for_this_computer(
    scripted: ScriptedPhone, measure: Measure
) -> None:
    sentence = "error: out.bin cannot be written: No space left on device"
    scripted.behave(f"sys.stderr.write('{sentence}\\n'); sys.exit(7)")
    code, (record,), stderr = measure()
    assert code == 1
    assert "phone TEST: 0.1 MB are needed in /data/local/tmp and" in record.invalid_reasons[0]
    assert record.invalid_reasons[0] in stderr


def test_a_phone_is_one_machine_whatever_fails_on_it(
    scripted: ScriptedPhone, measure: Measure, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.tflite"
    broken.write_bytes(b"nothing of a model")
    _, records, _ = measure("--models", broken)
    assert {record.valid for record in records} == {True, False}
    assert {record.machine.governor for record in records} == {"schedutil"}


def test_a_table_that_cannot_be_written_does_not_cost_the_document(
    scripted: ScriptedPhone, measure: Measure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(FORMATS, "markdown", full)
    kept = tmp_path / "kept.json"
    code, (record,), stderr = measure("--markdown", tmp_path / "table.md", "--out", kept)
    assert code == 1 and "the disk is full" in stderr
    assert Document.model_validate_json(kept.read_text()).records == [record]


def test_a_file_name_that_is_no_text_does_not_lose_the_measurement(
    scripted: ScriptedPhone, measure: Measure, odd_model: Path, tmp_path: Path
) -> None:
    nameless = os.fsencode(tmp_path) + b"/\xff.tflite"
    try:
        shutil.copy(odd_model, os.fsdecode(nameless))
    except OSError:
        pytest.skip("this file system takes no such name")
    kept = tmp_path / "kept.json"
    code, (_, record), stderr = measure("--models", os.fsdecode(nameless), "--out", kept)
    assert code == 1 and "its name is not valid UTF-8" in stderr
    assert record.model == f"{tmp_path}/\\xff.tflite"
    assert [r.valid for r in Document.model_validate_json(kept.read_text()).records] == [True, False]

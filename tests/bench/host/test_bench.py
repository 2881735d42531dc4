"""Planning, taking turns, and what becomes of a measurement whose process fails."""

from __future__ import annotations

import os
import platform
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from android_bench import cli
from android_bench.engines import engines
from android_bench.engines.inputs import fill
from android_bench.engines.plan import plan
from android_bench.host import bench as host
from android_bench.host import link
from android_bench.host.bench import bench_models
from android_bench.host.link import Worker, WorkerError
from android_bench.host.machine import machine_warnings
from android_bench.interruption import Interrupted
from android_bench.records.record import Document, Record
from android_bench.timing import Progress, StopRule
from facekp_export.inference.runtimes import TensorSpec
from facekp_train.common.console import UserError, run
from tests.support.models.tiny_models import tiny_tflite
from tests.support.phones.sample_records import machine


class FakeWorker:
    """Answers at once: ten runs of a millisecond each turn."""

    asked: Sequence[tuple[str, str]] = ()
    wall_ns = 1_000_000
    cpu_ns = 1_000_000
    has_cpu_clock = True

    def __init__(self) -> None:
        self.path = ""

    def ask(self, request: dict[str, Any], timeout: float) -> dict[str, Any]:
        self.path = request.get("path", self.path)
        FakeWorker.asked = [*FakeWorker.asked, (request["do"], Path(self.path).stem)]
        return {
            "open": {"version": "1", "inputs": [], "notes": [], "first_ns": 5_000_000},
            "warm": {"untimed": request.get("runs")},
            "run": {
                "untimed": 1, "samples_ns": [self.wall_ns] * 10,
                "cpu_ns": [self.cpu_ns] * 10 * self.has_cpu_clock, "peak_bytes": None, "base_bytes": None,
            },
        }[request["do"]]  # fmt: skip

    def __enter__(self) -> FakeWorker:
        return self

    def __exit__(self, *error: object) -> None:
        pass


@pytest.fixture
def fake_workers(monkeypatch: pytest.MonkeyPatch) -> type[FakeWorker]:
    monkeypatch.setattr(host, "Worker", FakeWorker)
    monkeypatch.setattr(FakeWorker, "asked", [])
    return FakeWorker


def touched(folder: Path, *names: str) -> list[Path]:
    """Empty files: enough for planning, and for processes that open nothing."""
    paths = [folder / name for name in names]
    for path in paths:
        path.touch()
    return paths


def only(records: Sequence[Record]) -> Record:
    (record,) = records
    return record


def test_a_folder_gives_its_own_model_files_each_once(tmp_path: Path) -> None:
    touched(tmp_path, "b.tflite", "a.ONNX", ".hidden.onnx", "notes.md")
    (tmp_path / "deeper").mkdir()
    touched(tmp_path / "deeper", "c.onnx")
    measurements = plan(
        [tmp_path, tmp_path / "b.tflite", tmp_path / "deeper" / ".." / "b.tflite"], threads=(1, 2, 1)
    )
    planned = [(each.path.name, each.engine.name, each.threads) for each in measurements]
    one = [("a.ONNX", "onnxruntime", 1), ("b.tflite", "litert", 1)]
    assert planned == [*one, *((name, engine, 2) for name, engine, _ in one)]


def test_runtimes_choose_among_the_files(tmp_path: Path) -> None:
    touched(tmp_path, "a.onnx", "b.tflite")
    assert [each.path.name for each in plan([tmp_path], runtimes=["litert"])] == ["b.tflite"]
    with pytest.raises(ValueError, match="no runtime 'tvm'"):
        plan([tmp_path], runtimes=["tvm"])
    with pytest.raises(ValueError, match="threads"):
        plan([tmp_path], threads=[0])


def test_a_checkpoint_needs_torch_only_when_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched(tmp_path, "a.onnx", "model.safetensors")
    monkeypatch.setattr(engines.Engine, "installed", property(lambda engine: engine.name != "torch"))
    assert [each.path.name for each in plan([tmp_path])] == ["a.onnx"]
    monkeypatch.setattr("facekp_train.common.console.importlib.util.find_spec", lambda name: None)
    for paths, runtimes in (([tmp_path / "model.safetensors"], None), ([tmp_path], ["torch"])):
        with pytest.raises(UserError, match=r"facekp\[train\]"):
            plan(paths, runtimes=runtimes)


@pytest.mark.parametrize(
    "dtype", ["float32", "float16", "float64", "uint8", "int8", "int32", "int64", "bool"]
)
def test_inputs_are_filled_alike_at_every_call_and_within_bounds(dtype: str) -> None:
    spec = TensorSpec("x", (40, 50), np.dtype(dtype))
    first, second = fill(spec), fill(spec)
    assert (first.shape, first.dtype) == (spec.shape, spec.dtype)
    assert np.array_equal(first, second)
    low, high = {"uint8": (0, 255), "int8": (-128, 127)}.get(dtype, (0, 1))
    assert first.min() >= low
    assert first.max() <= high
    assert len(np.unique(first)) > 1 or dtype == "bool"


def test_an_input_of_text_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be filled"):
        fill(TensorSpec("x", (1,), np.dtype("S8")))


@pytest.mark.parametrize(("rule", "runs"), [((25, 0.0), 30), ((5, 0.045), 50), ((25, 0.02), 30)])
def test_runs_and_seconds_are_both_minima(
    rule: tuple[int, float], runs: int, tmp_path: Path, fake_workers: type[FakeWorker]
) -> None:
    record = only(bench_models(touched(tmp_path, "a.onnx"), rule=StopRule(*rule), warmup=3))
    assert len(record.samples_ms) == runs
    assert record.warmup_runs == 3 + runs // 10
    assert (record.first_ms, record.p50_ms, record.peak_memory_mb) == (5.0, 1.0, None)


def loaded(monkeypatch: pytest.MonkeyPatch, before: float, after: float) -> None:
    """A machine of four cores with these loads."""
    monkeypatch.setattr(host, "describe_machine", lambda: machine(load=before))
    monkeypatch.setattr("android_bench.host.trial.load_now", lambda: after)


def test_cpu_time_holds_where_other_programs_had_the_core(
    tmp_path: Path, fake_workers: type[FakeWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(monkeypatch, 17.0, 17.0)
    for wall_ns, p50_ms in ((1_150_000, 1.15), (1_160_000, None)):
        monkeypatch.setattr(fake_workers, "wall_ns", wall_ns)
        record = only(bench_models(touched(tmp_path, "a.onnx"), rule=StopRule(20, 0)))
        assert (record.valid, record.cpu_p50_ms, record.p50_ms, record.load_after) == (
            True,
            1.0,
            p50_ms,
            17.0,
        )
        assert record.cpu_samples_ms == [1.0] * 20
        assert any("1.16 times its CPU time" in text for text in record.warnings) == (p50_ms is None)


@pytest.mark.parametrize(
    ("before", "after", "valid"), [(5.0, 5.0, True), (5.1, 0.0, False), (0.0, 5.1, False)]
)
@pytest.mark.parametrize("clock", [("has_cpu_clock", False), ("cpu_ns", 0)], ids=["none", "too coarse"])
def test_without_a_cpu_clock_the_load_decides(
    clock: tuple[str, object],
    before: float,
    after: float,
    valid: bool,
    tmp_path: Path,
    fake_workers: type[FakeWorker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded(monkeypatch, before, after)
    monkeypatch.setattr(fake_workers, *clock)
    record = only(bench_models(touched(tmp_path, "a.onnx"), rule=StopRule(20, 0)))
    assert (record.valid, record.cpu_samples_ms, record.cpu_p50_ms) == (valid, None, None)
    assert record.p50_ms == (1.0 if valid else None)
    assert all("load was 5.1 on 4 cores" in reason for reason in record.invalid_reasons)


def test_models_take_turns_once_all_are_loaded(tmp_path: Path, fake_workers: type[FakeWorker]) -> None:
    bench_models(touched(tmp_path, "a.onnx", "b.onnx", "c.onnx"), rule=StopRule(30, 0))
    assert [do for do, _ in fake_workers.asked[:6]] == ["open", "warm"] * 3
    turns = [name for do, name in fake_workers.asked if do == "run"]
    assert [sorted(turns[start : start + 3]) for start in (0, 3, 6)] == [["a", "b", "c"]] * 3
    assert len(turns) == 9


def test_few_processes_live_at_once(tmp_path: Path, fake_workers: type[FakeWorker]) -> None:
    names = [f"m{number:02}.onnx" for number in range(host.MOST_TOGETHER + 1)]
    records = bench_models(touched(tmp_path, *names), rule=StopRule(10, 0))
    assert all(record.valid for record in records)
    assert fake_workers.asked[-3:] == [(do, "m12") for do in ("open", "warm", "run")]


def test_a_failure_keeps_the_samples_and_spares_the_others(
    tmp_path: Path, fake_workers: type[FakeWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = FakeWorker.ask

    def dying(worker: FakeWorker, request: dict[str, Any], timeout: float) -> dict[str, Any]:
        if fake_workers.asked.count(("run", "a")) == 2 and worker.path.endswith("a.onnx"):
            raise WorkerError("the power went out")
        return answer(worker, request, timeout)

    monkeypatch.setattr(FakeWorker, "ask", dying)
    hit, other = bench_models(touched(tmp_path, "a.onnx", "b.onnx"), rule=StopRule(50, 0))
    assert (hit.valid, hit.invalid_reasons, len(hit.samples_ms)) == (False, ["the power went out"], 20)
    assert (hit.p50_ms, hit.first_ms) == (None, 5.0)
    assert other.valid


def test_ctrl_c_keeps_what_was_measured(
    tmp_path: Path,
    fake_workers: type[FakeWorker],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(done: float, count: int, label: str) -> None:
        if done > 0.2:
            raise KeyboardInterrupt

    @contextmanager
    def bar() -> Iterator[Progress]:
        yield stop

    (model,) = touched(tmp_path, "a.onnx")
    with pytest.raises(Interrupted) as interruption:
        bench_models([model], rule=StopRule(100, 0), progress=stop)
    assert len(only(interruption.value.records).samples_ms) == 30

    monkeypatch.setattr("android_bench.commands.bench.progress_bar", bar)
    output = tmp_path / "r.json"
    words = ("--models", model, "--min-runs", "100", "--min-seconds", "0", "--json", "--out", output)
    with pytest.raises(SystemExit) as exit_:
        run(cli.app, [str(word) for word in words])
    assert exit_.value.code == 130
    stdout = capsys.readouterr().out
    record = only(Document.model_validate_json(stdout).records)
    assert record.invalid_reasons == ["interrupted: only 30 runs in 0.03 s; 100 runs and 0 s were asked for"]
    assert output.read_text() == stdout


def test_a_killed_process_is_an_invalid_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    processes: list[Worker] = []

    class Watched(Worker):
        def __init__(self) -> None:
            super().__init__()
            processes.append(self)

    def kill_first(done: float, count: int, label: str) -> None:
        if label == "a.tflite on litert":
            os.kill(processes[0].pid, signal.SIGKILL)

    monkeypatch.setattr(host, "Worker", Watched)
    models = [tiny_tflite(tmp_path / "a.tflite"), tiny_tflite(tmp_path / "b.tflite")]
    hit, other = bench_models(models, rule=StopRule(5, 0), progress=kill_first)
    assert "killed by SIGKILL" in hit.invalid_reasons[0]
    assert hit.first_ms is not None
    assert other.valid


def test_a_hanging_process_is_given_up_and_ended() -> None:
    command = [sys.executable, "-c", "import time; time.sleep(1000)"]
    with Worker(command) as worker, pytest.raises(WorkerError, match=r"no answer within 0\.2 s"):
        worker.ask({"do": "open"}, timeout=0.2)
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)


def test_a_process_that_ends_by_itself_says_its_last_words() -> None:
    script = "import sys; input(); sys.exit('out of luck')"
    with Worker([sys.executable, "-c", script]) as worker, pytest.raises(WorkerError, match="1: out of luck"):
        worker.ask({"do": "open"}, timeout=600)


@pytest.mark.parametrize(
    ("has", "lacks"),
    [(["avx", "f16c"], r"this one has no fma, avx2"), (["avx", "f16c", "fma", "avx2"], "say AVX-512")],
)
def test_an_unknown_instruction_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, has: list[str], lacks: str
) -> None:
    monkeypatch.setattr(link, "describe_machine", lambda: machine(flags=has))
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    script = "import os, signal; input(); os.kill(os.getpid(), signal.SIGILL)"
    says = rf"SIGILL; its runtime .*this processor lacks \({lacks}\): install .* with --runtime"
    with Worker([sys.executable, "-c", script]) as worker, pytest.raises(WorkerError, match=says):
        worker.ask({"do": "open"}, timeout=600)


def test_a_garbled_answer_is_no_answer() -> None:
    with (
        Worker([sys.executable, "-c", "print('hello')"]) as worker,
        pytest.raises(WorkerError, match="garbled"),
    ):
        worker.ask({"do": "open"}, timeout=600)


def test_the_state_of_the_machine_is_warned_of() -> None:
    assert machine_warnings(machine(governor="performance", load=0.1), 4) == []
    for state, threads, says in (
        (machine(), 5, "5 threads on 4 cores"),
        (machine(cpu_quota=1.5), 2, "2 threads on 1.5 cores"),
        (machine(governor="powersave"), 1, "powersave"),
        (machine(load=3.5), 1, "load was 3.5"),
    ):
        (warning,) = machine_warnings(state, threads)
        assert says in warning

"""The runner for phones: built for this machine with sanitizers against a stand-in engine and against
ONNX Runtime, and the two committed builds looked at. tests/adb runs those on a rig."""

from __future__ import annotations

import resource
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.phones.native_runs import NATIVE, QUICK, Outcome, X, needs_compiler

BINARIES = NATIVE / "bin"


@needs_compiler
def test_every_input_is_run_once_and_the_first_is_timed(run_native: Callable[..., Outcome]) -> None:
    done = run_native("--warmup", "3", "--min-runs", "4", "--threads", "2")
    assert done.code == 0, done.stderr
    assert np.array_equal(np.fromfile(done.output, np.float32), 2 * X.ravel())
    result = done.result
    assert set(result) == {
        "runner", "engine", "engine_version", "delegate", "threads", "cpus", "pinned", "load_ms", "first_ms",
        "warmup_runs", "samples_ns", "peak_memory_kb", "base_memory_kb", "inputs", "outputs",
    }  # fmt: skip
    assert (result["runner"], result["engine"], result["engine_version"]) == (1, "tflite", '0."1"\\')
    assert (result["delegate"], result["threads"], result["warmup_runs"]) == ("cpu", 2, 3)
    assert (result["cpus"], result["pinned"]) == ([], None)
    assert len(result["samples_ns"]) == 4
    assert min(result["samples_ns"]) >= 0
    # Both inputs once, then three runs to warm up and four timed, on the first input.
    assert [line for line in done.stderr.splitlines() if line.startswith("run on")] == [
        f"run on {first}" for first in (0, 6, 0, 0, 0, 0, 0, 0, 0)
    ]
    assert result["load_ms"] > 0
    assert result["first_ms"] > 0
    assert result["peak_memory_kb"] >= result["base_memory_kb"] > 0
    # Names are bytes: one beyond ASCII is written as Latin-1, so that the line is JSON whatever it holds.
    assert result["inputs"] == [{"name": 'a "b"\\\nÃ©', "shape": [2, 3], "dtype": "float32"}]
    assert result["outputs"] == [{"name": "", "shape": [2, 3], "dtype": "float32"}]
    assert "threads 2" in done.stderr
    # The C API leaves XNNPACK out unless it is handed over; an app has it.
    assert "xnnpack 2 9 file" in done.stderr
    assert "delegates 1" in done.stderr


@needs_compiler
def test_opening_the_engine_is_none_of_the_models_time_and_memory(run_native: Callable[..., Outcome]) -> None:
    quick, slow = (run_native(stand_in=words).result for words in ("", "slow-to-open"))
    assert slow["load_ms"] < 400
    assert slow["base_memory_kb"] - quick["base_memory_kb"] > 35 << 10


@needs_compiler
def test_runs_go_on_until_both_minima_are_met(run_native: Callable[..., Outcome]) -> None:
    samples = run_native("--min-runs", "2", "--min-seconds", "0.05").result["samples_ns"]
    assert sum(samples) >= 0.05e9 > sum(samples[:-1])
    assert len(samples) > 2


@needs_compiler
def test_runs_end_at_the_limit(run_native: Callable[..., Outcome]) -> None:
    samples = run_native("--min-seconds", "1000", "--max-seconds", "0.1").result["samples_ns"]
    assert sum(samples[:-1]) < 0.1e9
    assert len(run_native("--min-runs", "9", "--warmup", "9", "--max-seconds", "0").result["samples_ns"]) == 1


@needs_compiler
@pytest.mark.parametrize(
    ("stand_in", "code", "words"),
    [
        ("no-model", 4, ["model.tflite", "damaged"]),
        ("no-interpreter", 4, ["cannot prepare", "cpu"]),
        ("no-memory", 4, ["cannot prepare"]),
        ("two-inputs", 4, ["2 inputs"]),
        ("many-outputs", 4, ["17 outputs"]),
        ("strings", 4, ["holds another type"]),
        ("new-type", 4, ["holds another type"]),
        ("many-dimensions", 4, ["9 dimensions"]),
        ("huge", 4, ["takes 24 bytes"]),
        ("short-tensor", 4, ["takes 20 bytes where its shape takes 24"]),
        ("no-input", 4, ["no memory for its input"]),
        ("no-delegate", 5, ["XNNPACK"]),
        ("no-output", 6, ["keeps nothing"]),
    ],
)
def test_an_engine_that_refuses_or_lies_ends_with_its_own_code(
    run_native: Callable[..., Outcome], stand_in: str, code: int, words: list[str]
) -> None:
    run_native(stand_in=stand_in).failed(code, *words)


@needs_compiler
@pytest.mark.parametrize("at", [0, 1])
def test_a_run_that_fails_leaves_no_output(run_native: Callable[..., Outcome], at: int) -> None:
    run_native(env={"STAND_IN_FAILS_AT": str(at)}).failed(6, f"input {at}")


@needs_compiler
def test_a_timed_run_that_fails_is_no_result(run_native: Callable[..., Outcome]) -> None:
    done = run_native("--warmup", "1", env={"STAND_IN_FAILS_AT": "3"})
    assert (done.code, done.stdout) == (6, "")
    assert "timed run" in done.stderr
    assert np.array_equal(np.fromfile(done.output, np.float32), 2 * X.ravel())


@needs_compiler
def test_the_gpu_is_set_up_as_the_official_tool_does_it(
    run_native: Callable[..., Outcome], native_build: Path
) -> None:
    library = str(native_build / "engine.so")
    done = run_native("--delegate", "gpu", "--gpu-library", library)
    assert done.result["delegate"] == "gpu"
    # Latency before memory before precision. All else is the library's own.
    assert "gpu 0 0 2 3 1 1 77 token" in done.stderr
    assert "delegates 1" in done.stderr
    for stand_in in ("no-delegate", "no-interpreter", "no-memory"):
        done.output.unlink(missing_ok=True)
        run_native("--delegate", "gpu", "--gpu-library", library, stand_in=stand_in).failed(5, "gpu")
    run_native("--delegate", "gpu", "--gpu-library", "/no/gpu.so").failed(5, "/no/gpu.so")
    run_native("--delegate", "gpu").failed(2, "--gpu-library")


@needs_compiler
def test_no_nnapi_is_not_the_cpu_in_its_place(run_native: Callable[..., Outcome]) -> None:
    run_native("--delegate", "nnapi").failed(5, "no NNAPI", "libneuralnetworks.so")


@needs_compiler
def test_nnapi_is_left_as_the_library_sets_it(run_native: Callable[..., Outcome], tmp_path: Path) -> None:
    empty = tmp_path / "libneuralnetworks.so"
    command = ["cc", "-shared", "-fPIC", "-x", "c", "/dev/null", "-o", str(empty)]
    subprocess.run(command, check=True, timeout=60)
    system = {"LD_LIBRARY_PATH": str(tmp_path)}
    done = run_native("--delegate", "nnapi", env=system)
    assert done.result["delegate"] == "nnapi"
    assert "nnapi -1 1 0 3 token" in done.stderr
    assert "delegates 1" in done.stderr
    done.output.unlink()
    run_native("--delegate", "nnapi", stand_in="no-delegate", env=system).failed(5, "nnapi")


@needs_compiler
def test_an_engine_must_be_one(
    run_native: Callable[..., Outcome], native_build: Path, tmp_path: Path
) -> None:
    run_native(set={"--engine": "/no/engine.so"}).failed(3, "/no/engine.so")
    run_native(set={"--engine": str(tmp_path / "model.tflite")}).failed(3, "model.tflite")
    run_native(set={"--engine": "libm.so.6"}).failed(3, "libm.so.6", "neither")
    run_native(set={"--engine": str(native_build / "incomplete.so")}).failed(
        3, "lacks TfLiteInterpreterInvoke"
    )


@needs_compiler
def test_a_model_must_be_one(run_native: Callable[..., Outcome], tmp_path: Path) -> None:
    run_native(set={"--model": "/no/model"}).failed(4, "/no/model", "No such file")
    run_native(set={"--model": str(tmp_path)}).failed(4, "Is a directory")
    for content in (b"", b"\0\0\0\0TFL", b"PK\3\4 not a model"):
        (tmp_path / "other.tflite").write_bytes(content)
        run_native(set={"--model": str(tmp_path / "other.tflite")}).failed(4, "is no TFLite model")


@needs_compiler
def test_an_input_must_fit(run_native: Callable[..., Outcome], tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    for size in (0, 23, 25, 47):
        other.write_bytes(bytes(size))
        run_native(set={"--input": str(other)}).failed(7, f"holds {size} bytes", "24")
    run_native(set={"--input": "/no/input"}).failed(7, "/no/input")
    run_native(set={"--input": str(tmp_path)}).failed(7, str(tmp_path))


@needs_compiler
def test_an_output_that_cannot_be_written(run_native: Callable[..., Outcome], tmp_path: Path) -> None:
    run_native(set={"--output": str(tmp_path / "no" / "out.bin")}).failed(7, "No such file")
    (tmp_path / "folder").mkdir()
    done = run_native(set={"--output": str(tmp_path / "folder")})
    assert (done.code, done.stdout, list(tmp_path.glob("*.part"))) == (7, "", [])
    assert "Is a directory" in done.stderr


@needs_compiler
def test_a_full_disk_leaves_no_part_of_the_output(run_native: Callable[..., Outcome]) -> None:
    def no_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30, 30))

    run_native(preexec_fn=no_room, restore_signals=False).failed(7, "File too large")


@needs_compiler
def test_a_result_that_nobody_can_read_is_a_failure(
    native_build: Path, run_native: Callable[..., Outcome]
) -> None:
    with Path("/dev/full").open("wb") as full:
        read_nowhere = [str(native_build / "runner"), *("--engine", str(native_build / "engine.so"))]
        done = run_native()
        words = ["--model", str(done.output.with_name("model.tflite")), "--input"]
        words += [str(done.output.with_name("in.bin")), "--output", str(done.output)]
        code = subprocess.run(
            [*read_nowhere, *words, *QUICK], stdout=full, timeout=60, check=False
        ).returncode
    assert code == 7


@needs_compiler
def test_pinning_is_told_as_it_is(run_native: Callable[..., Outcome]) -> None:
    import os

    mine = sorted(os.sched_getaffinity(0))
    result = run_native("--cpus", ",".join(map(str, mine))).result
    assert (result["cpus"], result["pinned"]) == (mine, True)
    for cpus in ("1023", f"{mine[0]},1023"):  # refused; granted in part
        done = run_native("--cpus", cpus)
        assert (done.code, done.result["pinned"]) == (0, False)
        assert "note: the system" in done.stderr


@needs_compiler
@pytest.mark.parametrize(
    "words",
    [
        ["--threads", "0"], ["--threads", "two"], ["--threads", "2x"], ["--threads", ""], ["--threads"],
        ["--min-runs", "0"], ["--min-runs", "99999999999999999999"], ["--warmup", "-1"],
        ["--min-seconds", "nan"], ["--min-seconds", "-1"], ["--max-seconds", "inf"], ["--max-seconds", "1s"],
        ["--cpus", ""], ["--cpus", "1,"], ["--cpus", "1024"], ["--cpus", "-1"], ["--cpus", "1,1"],
        ["--delegate", "tpu"], ["--unknown", "1"], ["model.tflite"],
    ],
)  # fmt: skip
def test_wrong_usage_is_told(run_native: Callable[..., Outcome], words: list[str]) -> None:
    run_native(*words).failed(2, words[0])


@needs_compiler
@pytest.mark.parametrize("option", ["--engine", "--model", "--input", "--output"])
def test_nothing_that_is_needed_may_be_left_out(run_native: Callable[..., Outcome], option: str) -> None:
    run_native(set={option: None}).failed(2, "usage")

"""The runner for phones: built for this machine with sanitizers against a stand-in engine and against
ONNX Runtime, and the two committed builds looked at. tests/adb runs those on a rig."""

from __future__ import annotations

import importlib.util
import json
import platform
import resource
import shutil
import signal
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from android_bench.phone.archives import load_alignment
from facekp_export.runtimes import open_runtime
from facekp_train.shipped import shipped_models_dir

NATIVE = Path(__file__).parents[1] / "android_bench" / "native"
BINARIES = NATIVE / "bin"
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
X = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
QUICK = ("--warmup", "0", "--min-runs", "1", "--min-seconds", "0")
needs_compiler = pytest.mark.skipif(
    shutil.which("cc") is None or platform.system() != "Linux", reason="needs Linux and a C compiler, cc"
)


@dataclass
class Outcome:
    """What a run of the runner came to."""

    code: int
    stdout: str
    stderr: str
    output: Path

    @property
    def result(self) -> dict[str, Any]:
        """The last line of stdout, which is the only one."""
        (line,) = self.stdout.splitlines()
        return json.loads(line)

    def failed(self, code: int, *words: str) -> None:
        """It ended with this code, one sentence with these words, and no output file, whole or in part."""
        assert self.code == code, self.stderr
        assert self.stdout == ""
        (sentence,) = [line for line in self.stderr.splitlines() if line.startswith("error: ")]
        assert all(word in sentence for word in words), sentence
        assert not self.output.exists()
        assert not list(self.output.parent.glob("*.part"))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the runner and the stand-in engines for this machine."""
    folder = tmp_path_factory.mktemp("native")
    sources = [str(path) for path in NATIVE.glob("*.c")]
    compile_ = ["cc", "-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror"]
    command = [*compile_, "-o", str(folder / "runner"), *sources, "-ldl"]
    # A compiler without the sanitizers' libraries still makes a runner to test.
    for flags in (SANITIZERS, ()):
        done = subprocess.run([*command, *flags], capture_output=True, text=True, timeout=120, check=False)
        if done.returncode == 0:
            break
    assert done.returncode == 0, done.stderr
    for name, flags in (("engine.so", ()), ("incomplete.so", ("-DINCOMPLETE",))):
        stand_in = str(Path(__file__).with_name("stand_in_engine.c"))
        command = [*compile_, *flags, "-shared", "-fPIC", "-o", str(folder / name), stand_in]
        subprocess.run(command, check=True, timeout=60)
    return folder


@pytest.fixture
def run(built: Path, tmp_path: Path) -> Callable[..., Outcome]:
    """Run the runner on X with the stand-in engine; `set` replaces options, None drops them."""

    def call(
        *words: str, stand_in: str = "", set: dict[str, str | None] | None = None, **options: Any
    ) -> Outcome:
        (tmp_path / "in.bin").write_bytes(X.tobytes())
        (tmp_path / "model.tflite").write_bytes(b"\0\0\0\0TFL3 and so on")
        values: dict[str, str | None] = {
            "--engine": str(built / "engine.so"),
            "--model": str(tmp_path / "model.tflite"),
            "--input": str(tmp_path / "in.bin"),
            "--output": str(tmp_path / "out.bin"),
            **(set or {}),
        }
        given = [word for name, value in values.items() if value is not None for word in (name, value)]
        environment = {"STAND_IN": stand_in, "ASAN_OPTIONS": "detect_leaks=0", **options.pop("env", {})}
        done = subprocess.run(
            [str(built / "runner"), *given, *QUICK, *words],
            capture_output=True, env=environment, timeout=60, check=False, **options,
        )  # fmt: skip
        stdout, stderr = (stream.decode(errors="replace") for stream in (done.stdout, done.stderr))
        return Outcome(done.returncode, stdout, stderr, Path(values["--output"] or "out.bin"))

    return call


@needs_compiler
def test_every_input_is_run_once_and_the_first_is_timed(run: Callable[..., Outcome]) -> None:
    done = run("--warmup", "3", "--min-runs", "4", "--threads", "2")
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
def test_runs_go_on_until_both_minima_are_met(run: Callable[..., Outcome]) -> None:
    samples = run("--min-runs", "2", "--min-seconds", "0.05").result["samples_ns"]
    assert sum(samples) >= 0.05e9 > sum(samples[:-1])
    assert len(samples) > 2


@needs_compiler
def test_runs_end_at_the_limit(run: Callable[..., Outcome]) -> None:
    samples = run("--min-seconds", "1000", "--max-seconds", "0.1").result["samples_ns"]
    assert sum(samples[:-1]) < 0.1e9
    assert len(run("--min-runs", "9", "--warmup", "9", "--max-seconds", "0").result["samples_ns"]) == 1


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
    run: Callable[..., Outcome], stand_in: str, code: int, words: list[str]
) -> None:
    run(stand_in=stand_in).failed(code, *words)


@needs_compiler
@pytest.mark.parametrize("at", [0, 1])
def test_a_run_that_fails_leaves_no_output(run: Callable[..., Outcome], at: int) -> None:
    run(env={"STAND_IN_FAILS_AT": str(at)}).failed(6, f"input {at}")


@needs_compiler
def test_a_timed_run_that_fails_is_no_result(run: Callable[..., Outcome]) -> None:
    done = run("--warmup", "1", env={"STAND_IN_FAILS_AT": "3"})
    assert (done.code, done.stdout) == (6, "")
    assert "timed run" in done.stderr
    assert np.array_equal(np.fromfile(done.output, np.float32), 2 * X.ravel())


@needs_compiler
def test_the_gpu_is_set_up_as_the_official_tool_does_it(run: Callable[..., Outcome], built: Path) -> None:
    library = str(built / "engine.so")
    done = run("--delegate", "gpu", "--gpu-library", library)
    assert done.result["delegate"] == "gpu"
    # Latency before memory before precision. All else is the library's own.
    assert "gpu 0 0 2 3 1 1 77 token" in done.stderr
    assert "delegates 1" in done.stderr
    for stand_in in ("no-delegate", "no-interpreter", "no-memory"):
        done.output.unlink(missing_ok=True)
        run("--delegate", "gpu", "--gpu-library", library, stand_in=stand_in).failed(5, "gpu")
    run("--delegate", "gpu", "--gpu-library", "/no/gpu.so").failed(5, "/no/gpu.so")
    run("--delegate", "gpu").failed(2, "--gpu-library")


@needs_compiler
def test_no_nnapi_is_not_the_cpu_in_its_place(run: Callable[..., Outcome]) -> None:
    run("--delegate", "nnapi").failed(5, "no NNAPI", "libneuralnetworks.so")


@needs_compiler
def test_nnapi_is_left_as_the_library_sets_it(run: Callable[..., Outcome], tmp_path: Path) -> None:
    empty = tmp_path / "libneuralnetworks.so"
    command = ["cc", "-shared", "-fPIC", "-x", "c", "/dev/null", "-o", str(empty)]
    subprocess.run(command, check=True, timeout=60)
    system = {"LD_LIBRARY_PATH": str(tmp_path)}
    done = run("--delegate", "nnapi", env=system)
    assert done.result["delegate"] == "nnapi"
    assert "nnapi -1 1 0 3 token" in done.stderr
    assert "delegates 1" in done.stderr
    done.output.unlink()
    run("--delegate", "nnapi", stand_in="no-delegate", env=system).failed(5, "nnapi")


@needs_compiler
def test_an_engine_must_be_one(run: Callable[..., Outcome], built: Path, tmp_path: Path) -> None:
    run(set={"--engine": "/no/engine.so"}).failed(3, "/no/engine.so")
    run(set={"--engine": str(tmp_path / "model.tflite")}).failed(3, "model.tflite")
    run(set={"--engine": "libm.so.6"}).failed(3, "libm.so.6", "neither")
    run(set={"--engine": str(built / "incomplete.so")}).failed(3, "lacks TfLiteInterpreterInvoke")


@needs_compiler
def test_a_model_must_be_one(run: Callable[..., Outcome], tmp_path: Path) -> None:
    run(set={"--model": "/no/model"}).failed(4, "/no/model", "No such file")
    run(set={"--model": str(tmp_path)}).failed(4, "Is a directory")
    for content in (b"", b"\0\0\0\0TFL", b"PK\3\4 not a model"):
        (tmp_path / "other.tflite").write_bytes(content)
        run(set={"--model": str(tmp_path / "other.tflite")}).failed(4, "is no TFLite model")


@needs_compiler
def test_an_input_must_fit(run: Callable[..., Outcome], tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    for size in (0, 23, 25, 47):
        other.write_bytes(bytes(size))
        run(set={"--input": str(other)}).failed(7, f"holds {size} bytes", "24")
    run(set={"--input": "/no/input"}).failed(7, "/no/input")
    run(set={"--input": str(tmp_path)}).failed(7, str(tmp_path))


@needs_compiler
def test_an_output_that_cannot_be_written(run: Callable[..., Outcome], tmp_path: Path) -> None:
    run(set={"--output": str(tmp_path / "no" / "out.bin")}).failed(7, "No such file")
    (tmp_path / "folder").mkdir()
    done = run(set={"--output": str(tmp_path / "folder")})
    assert (done.code, done.stdout, list(tmp_path.glob("*.part"))) == (7, "", [])
    assert "Is a directory" in done.stderr


@needs_compiler
def test_a_full_disk_leaves_no_part_of_the_output(run: Callable[..., Outcome]) -> None:
    def no_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30, 30))

    run(preexec_fn=no_room, restore_signals=False).failed(7, "File too large")


@needs_compiler
def test_a_result_that_nobody_can_read_is_a_failure(built: Path, run: Callable[..., Outcome]) -> None:
    with Path("/dev/full").open("wb") as full:
        read_nowhere = [str(built / "runner"), *("--engine", str(built / "engine.so"))]
        done = run()
        words = ["--model", str(done.output.with_name("model.tflite")), "--input"]
        words += [str(done.output.with_name("in.bin")), "--output", str(done.output)]
        code = subprocess.run(
            [*read_nowhere, *words, *QUICK], stdout=full, timeout=60, check=False
        ).returncode
    assert code == 7


@needs_compiler
def test_pinning_is_told_as_it_is(run: Callable[..., Outcome]) -> None:
    import os

    mine = sorted(os.sched_getaffinity(0))
    result = run("--cpus", ",".join(map(str, mine))).result
    assert (result["cpus"], result["pinned"]) == (mine, True)
    for cpus in ("1023", f"{mine[0]},1023"):  # refused; granted in part
        done = run("--cpus", cpus)
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
def test_wrong_usage_is_told(run: Callable[..., Outcome], words: list[str]) -> None:
    run(*words).failed(2, words[0])


@needs_compiler
@pytest.mark.parametrize("option", ["--engine", "--model", "--input", "--output"])
def test_nothing_that_is_needed_may_be_left_out(run: Callable[..., Outcome], option: str) -> None:
    run(set={option: None}).failed(2, "usage")


def _onnxruntime() -> str:
    spec = importlib.util.find_spec("onnxruntime")
    assert spec is not None
    assert spec.origin is not None
    found = sorted(Path(spec.origin).parent.glob("capi/libonnxruntime.so.*"))
    if not found:
        pytest.skip("this onnxruntime has no library of its own")
    return str(found[0])


@needs_compiler
@pytest.mark.parametrize("name", ["model.onnx", "model_int8.onnx"])
def test_onnx_gives_the_hosts_answers(run: Callable[..., Outcome], tmp_path: Path, name: str) -> None:
    path = shipped_models_dir() / "mdp-0.25x" / name
    crops = np.random.default_rng(0).integers(0, 256, (3, 1, 3, 128, 128)).astype(np.float32)
    crops.tofile(tmp_path / "crops.bin")
    files = {"--engine": _onnxruntime(), "--model": str(path), "--input": str(tmp_path / "crops.bin")}
    done = run("--threads", "2", set=files)
    assert done.code == 0, done.stderr
    host = open_runtime(path, 2)
    for crop, outputs in zip(crops, np.fromfile(done.output, np.float32).reshape(3, -1), strict=True):
        host.set_inputs([crop])
        host.invoke()
        assert np.abs(outputs - host.results()[0].ravel()).max() < 1e-6
    assert done.result["engine"] == "onnxruntime"
    assert done.result["inputs"] == [{"name": "crop", "shape": [1, 3, 128, 128], "dtype": "float32"}]
    assert [spec["shape"] for spec in done.result["outputs"]] == [[1, 136]]


@needs_compiler
def test_onnx_that_is_none(run: Callable[..., Outcome], tmp_path: Path) -> None:
    engine = _onnxruntime()
    model = (shipped_models_dir() / "mdp-0.25x" / "model.onnx").read_bytes()
    for content in (b"", b"\0\0\0\0TFL3", model[: len(model) // 2], model[:-1]):
        (tmp_path / "cut.onnx").write_bytes(content)
        run(set={"--engine": engine, "--model": str(tmp_path / "cut.onnx")}).failed(4, "cut.onnx")
    run("--delegate", "gpu", "--gpu-library", "x", set={"--engine": engine}).failed(5, "CPU alone", "gpu")


@pytest.mark.skipif(importlib.util.find_spec("onnx") is None, reason="makes a file with the package onnx")
@needs_compiler
def test_onnx_with_two_inputs_is_refused(run: Callable[..., Outcome], tmp_path: Path) -> None:
    from tiny_models import tiny_onnx

    model = tiny_onnx(tmp_path / "add.onnx")
    run(set={"--engine": _onnxruntime(), "--model": str(model)}).failed(4, "2 inputs")


def test_the_committed_builds_are_what_a_phones_loader_takes() -> None:
    bionic, glibc = ((BINARIES / f"facekp_runner_{name}").read_bytes() for name in ("bionic", "glibc"))
    assert struct.unpack_from("<H", bionic, 18)[0] == struct.unpack_from("<H", glibc, 18)[0] == 183  # AArch64
    assert load_alignment(bionic) == 16384
    assert load_alignment(glibc) == 65536
    assert b"/system/bin/linker64\0" in bionic
    types = [kind for kind, *_ in struct.iter_unpack("<II6Q", bionic[64 : 64 + 56 * bionic[56]])]
    tls, relro = 7, 0x6474E552
    assert tls not in types
    assert relro not in types
    home = str(Path(__file__).parents[1]).encode()
    assert home not in bionic + glibc


def test_make_native_gives_the_committed_bytes(tmp_path: Path) -> None:
    if missing := [
        tool for tool in ("make", "clang", "ld.lld", "aarch64-linux-gnu-gcc") if not shutil.which(tool)
    ]:
        pytest.skip(
            f"needs {', '.join(missing)}; Debian: apt-get install make clang lld gcc-aarch64-linux-gnu"
        )
    elsewhere, made = tmp_path / "another place", tmp_path / "made"
    shutil.copytree(NATIVE, elsewhere, ignore=shutil.ignore_patterns("bin"))
    command = ["make", "--silent", "-C", str(elsewhere), f"OUT={made}"]
    subprocess.run([*command, f"{made}/TOOLS"], check=True, timeout=20)
    if (made / "TOOLS").read_text() != (BINARIES / "TOOLS").read_text():
        pytest.skip("other compilers than those named in android_bench/native/bin/TOOLS")
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    for name in ("facekp_runner_bionic", "facekp_runner_glibc"):
        assert (made / name).read_bytes() == (BINARIES / name).read_bytes(), (
            f"{name} is not what its source gives: run make native and commit it"
        )

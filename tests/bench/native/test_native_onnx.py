"""The runner for phones on ONNX Runtime; its two committed builds, made anew bit for bit."""

from __future__ import annotations

import importlib.util
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from facekp_export.inference.runtimes import open_runtime
from facekp_train.common.downloads.archives import load_alignment
from facekp_train.common.shipped import shipped_models_dir
from tests.support.phones.native_runs import NATIVE, Outcome, needs_compiler
from tests.support.places import ROOT

BINARIES = NATIVE / "bin"


def _onnxruntime() -> str:
    spec = importlib.util.find_spec("onnxruntime")
    assert spec is not None
    assert spec.origin is not None
    libraries = sorted(Path(spec.origin).parent.glob("capi/libonnxruntime.so.*"))
    if not libraries:
        pytest.skip("this onnxruntime has no library of its own")
    return str(libraries[0])


@needs_compiler
@pytest.mark.parametrize("name", ["model.onnx", "model_int8.onnx"])
def test_onnx_gives_the_hosts_answers(run_native: Callable[..., Outcome], tmp_path: Path, name: str) -> None:
    path = shipped_models_dir() / "mdp-0.25x" / name
    crops = np.random.default_rng(0).integers(0, 256, (3, 1, 3, 128, 128)).astype(np.float32)
    crops.tofile(tmp_path / "crops.bin")
    files = {"--engine": _onnxruntime(), "--model": str(path), "--input": str(tmp_path / "crops.bin")}
    done = run_native("--threads", "2", set=files)
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
def test_onnx_that_is_none(run_native: Callable[..., Outcome], tmp_path: Path) -> None:
    engine = _onnxruntime()
    model = (shipped_models_dir() / "mdp-0.25x" / "model.onnx").read_bytes()
    for content in (b"", b"\0\0\0\0TFL3", model[: len(model) // 2], model[:-1]):
        (tmp_path / "cut.onnx").write_bytes(content)
        run_native(set={"--engine": engine, "--model": str(tmp_path / "cut.onnx")}).failed(4, "cut.onnx")
    run_native("--delegate", "gpu", "--gpu-library", "x", set={"--engine": engine}).failed(
        5, "CPU alone", "gpu"
    )


@pytest.mark.skipif(importlib.util.find_spec("onnx") is None, reason="makes a file with the package onnx")
@needs_compiler
def test_onnx_with_two_inputs_is_refused(run_native: Callable[..., Outcome], tmp_path: Path) -> None:
    from tests.support.models.tiny_models import tiny_onnx

    model = tiny_onnx(tmp_path / "add.onnx")
    run_native(set={"--engine": _onnxruntime(), "--model": str(model)}).failed(4, "2 inputs")


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
    home = str(ROOT).encode()
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

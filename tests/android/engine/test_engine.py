"""The APK's libraries for ARM: a phone's loader finds what they ask for, and they compute as we do here."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from android_bench.app.assets import bundled_models
from android_bench.app.build import ENGINES
from android_bench.phone.parity import Reference, reference_of
from facekp_train.common.console import UserError
from tests.android import jars
from tests.android.engine.elf import Library, read_library
from tests.support.places import MODELS, ROOT

pytestmark = [pytest.mark.app, pytest.mark.slow]

_FOLDERS = {"arm64-v8a": "lib64", "armeabi-v7a": "lib"}
_TFLITE = ENGINES["tensorflow-lite"]
_SECONDS = 600
_ALL = bool(os.environ.get("FACEKP_ALL_MODELS"))
"""Every shipped file on both processors, which takes minutes; else the bundled ones, fewer on 32 bits."""


@pytest.fixture(scope="module")
def emulator() -> list[str]:
    """The emulator's archives."""
    try:
        return jars.paths(jars.EMULATOR)
    except UserError as error:
        pytest.skip(str(error))


def _android(emulator: list[str], abi: str) -> dict[str, Library]:
    """Android 6's own libraries, older than any phone that the app runs on."""
    prefix = f"android/sdk23/{_FOLDERS[abi]}/"
    with zipfile.ZipFile(emulator[0]) as jar:
        names = [name for name in jar.namelist() if name.startswith(prefix) and name.endswith(".so")]
        return {name.removeprefix(prefix): read_library(jar.read(name)) for name in names}


def _missing(library: Library, android: dict[str, Library]) -> frozenset[str]:
    """What no library that it names offers."""
    offered = [android[name].exports for name in library.needed if name in android]
    return library.imports - frozenset().union(*offered)


@pytest.mark.parametrize("abi", _FOLDERS)
def test_androids_loader_finds_all_that_they_ask_for(apk: Path, emulator: list[str], abi: str) -> None:
    android = _android(emulator, abi)
    with zipfile.ZipFile(apk) as archive:
        libraries = {name: read_library(archive.read(f"lib/{abi}/{name}")) for name in ENGINES.values()}
    for name, library in libraries.items():
        elsewhere = {need for need in library.needed if need not in android}
        graphics = {symbol for symbol in _missing(library, android) if re.match(r"(gl|egl)[A-Z]", symbol)}
        # Graphics is not in the emulator: each phone has its own.
        assert elsewhere <= ({"libEGL.so", "libGLESv3.so"} if "gpu" in name else set()), name
        assert _missing(library, android) == graphics and bool(graphics) == bool(elsewhere), name
    without_maths = {name: library for name, library in android.items() if name != "libm.so"}
    assert {"cosf", "expf"} & _missing(libraries[_TFLITE], without_maths)


def test_the_shells_runner_finds_its_symbols_too(emulator: list[str]) -> None:
    runner = read_library((ROOT / "android_bench/native/bin/facekp_runner_bionic").read_bytes())
    assert runner.needed and _missing(runner, _android(emulator, "arm64-v8a")) == set()


def _models(abi: str) -> list[Path]:
    if _ALL:
        return sorted(MODELS.glob("mdp-*/*.tflite"))
    bundled = [MODELS / model.file for model in bundled_models().models]
    return bundled if abi == "arm64-v8a" else [model for model in bundled if "0.25x" in model.parent.name]


@pytest.mark.parametrize("abi", _FOLDERS)
def test_the_engine_gives_this_computers_points(
    apk: Path, emulator: list[str], abi: str, tmp_path: Path
) -> None:
    references = {model: reference_of(model) for model in _models(abi)}
    with zipfile.ZipFile(apk) as archive:
        library = archive.extract(f"lib/{abi}/{_TFLITE}", tmp_path)
    words = []
    for number, (model, reference) in enumerate(references.items()):
        crop, answer = tmp_path / f"crop-{number}", tmp_path / f"answer-{number}"
        crop.write_bytes(reference.content[: len(reference.content) // reference.count])
        words += [model, crop, answer]
    print(_run(emulator, abi, library, *words))
    for number, (model, reference) in enumerate(references.items()):
        difference = _difference(reference, (tmp_path / f"answer-{number}").read_bytes())
        assert difference <= (0.01 if _quantized(reference) else 1e-5), model


def test_a_damaged_engine_is_noticed(apk: Path, emulator: list[str], tmp_path: Path) -> None:
    damaged = tmp_path / _TFLITE
    with zipfile.ZipFile(apk) as archive:
        content = archive.read(f"lib/arm64-v8a/{_TFLITE}")
    damaged.write_bytes(content.replace(b"TfLiteVersion\0", b"TfLiteVersioo\0"))
    with pytest.raises(AssertionError, match="TfLiteVersion"):
        _run(emulator, "arm64-v8a", damaged)


def _run(emulator: Sequence[str], *words: str | Path) -> str:
    source = Path(__file__).with_name("Engine.java")
    command = ["java", "-Xmx1g", "-XX:TieredStopAtLevel=1", "-cp", os.pathsep.join(emulator), source, *words]
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _quantized(reference: Reference) -> bool:
    return reference.info is not None and reference.info.kind not in ("float32", "float16")


def _difference(reference: Reference, content: bytes) -> float:
    mine = reference.outputs[0]
    theirs = np.frombuffer(content, mine.dtype).reshape(mine.shape)
    return float(np.abs(mine.astype(np.float64) - theirs.astype(np.float64)).max())

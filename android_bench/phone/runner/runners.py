"""Which program measures on a phone, and bringing it there.

A further runner is a name in `settings.RUNNERS` and a branch of `prepare`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from android_bench.phone.adb.shell import Phone
from android_bench.phone.bundles.bundle import bundle
from android_bench.phone.device.device import Device
from android_bench.phone.runner import official
from android_bench.phone.runner.app import APK, install_app
from android_bench.phone.runner.install import ROOT, install
from android_bench.records.phone import RunnerFacts
from facekp_train.common.console import UserError
from facekp_train.common.downloads.cache import cache_folder

_BIONIC_PAGES = 4096
"""The alignment of TensorFlow's published libraries: https://developer.android.com/guide/practices/page-sizes."""
_assembling = threading.Lock()


@dataclass(frozen=True)
class Program:
    """A runner that lies on the phone.

    folder: there. command: head of the command line, in that folder. tool: of the official runner.
    app: it is an app, which reads and writes its folder alone.
    """

    facts: RunnerFacts
    folder: str
    command: tuple[str, ...]
    delegates: tuple[str, ...]
    engine: str = ""
    engine_sha256: str | None = None
    gpu_library: str | None = None
    tool: official.Tool | None = None
    app: bool = False

    @property
    def work(self) -> str:
        """Where it reads models and inputs and writes outputs; removed when the measurement ends."""
        return f"{self.folder}/work" if self.app else f"{ROOT}/work"


def prepare(
    phone: Phone,
    device: Device,
    suffix: str,
    runner: str,
    *,
    source: Path | None,
    binary: str | None,
    apk: Path | None = None,
) -> Program:
    """Bring the runner for files of that suffix to the phone.

    runner: one of `settings.RUNNERS`. source: folder with the archives of bundles; None: they are
    fetched. binary: the official tool's path or address. apk: the app's; None: where `make apk` puts it.

    Raises UserError where none can be had or the phone cannot run it, and as `install`.
    """
    if runner == "official":
        return _official(phone, binary)
    if runner == "app":
        return _app(phone, apk or APK)
    name, why = choose(device, suffix, runner)
    with _assembling:  # several phones may ask for the same one
        made = bundle(name, source)
    page = device.fingerprint.page_bytes
    if page is not None and page > made.page_alignment:
        raise UserError(
            f"phone {phone.serial} has memory pages of {page // 1024} KB and the runner {name} is aligned "
            f"to {made.page_alignment // 1024} KB; use --runner glibc"
        )
    folder = f"{ROOT}/{name}"
    there = install(phone, folder, {file: made.folder / file for file in made.files})
    program = made.command[-1].removeprefix("./")
    engine = made.engine.removeprefix("./")
    return Program(
        facts=RunnerFacts(name=name, version=_version(made.versions), sha256=there[program], why=why),
        folder=folder,
        command=tuple(made.command),
        delegates=("cpu", "gpu", "nnapi") if made.gpu_library else ("cpu",),
        engine=made.engine,
        engine_sha256=there[engine],
        gpu_library=made.gpu_library,
    )


def choose(device: Device, suffix: str, wanted: str) -> tuple[str, str]:
    """The bundle for files of that suffix, and why. Raises UserError for one that cannot run there."""
    if suffix == ".onnx":
        return "onnxruntime", "the file is ONNX"
    page = device.fingerprint.page_bytes
    obstacle = None
    if page is not None and page > _BIONIC_PAGES:
        obstacle = (
            f"the phone's memory pages have {page // 1024} KB and TensorFlow's libraries are aligned to 4 KB"
        )
    elif not device.has_linker:
        obstacle = "the phone has no /system/bin/linker64"
    if wanted == "glibc":
        return "glibc", "it was asked for"
    if wanted == "bionic":
        if obstacle:
            raise UserError(f"the bionic runner cannot be used: {obstacle}; use --runner glibc")
        return "bionic", "it was asked for"
    if obstacle:
        return "glibc", obstacle
    return "bionic", "the phone has Android's own loader and memory pages of 4 KB"


def _official(phone: Phone, binary: str | None) -> Program:
    path: Path = official.binary(binary, cache_folder())
    tool = official.tool_of(path)
    folder, name = f"{ROOT}/official", "benchmark_model"
    there = install(phone, folder, {name: path})
    facts = RunnerFacts(name="official", version=None, sha256=there[name], why="it was asked for")
    return Program(facts, folder, (f"./{name}",), ("cpu", "gpu", "nnapi"), tool=tool)


def _app(phone: Phone, apk: Path) -> Program:
    folder, digest = install_app(phone, apk)
    facts = RunnerFacts(name="app", version=None, sha256=digest, why="it was asked for")
    return Program(facts, folder, (), ("cpu", "gpu", "nnapi"), app=True)


def _version(versions: dict[str, str]) -> str:
    return ", ".join(f"{part} {version}" for part, version in versions.items())

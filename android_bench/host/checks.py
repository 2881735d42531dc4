"""What a measurement needs of this computer: what is there, what is missing, how to get it."""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Iterator

from android_bench.engines.engines import ENGINES
from android_bench.host import machine
from android_bench.records.finding import Finding
from facekp_train.common import shipped
from facekp_train.common.console import UserError


def look_at_host() -> Iterator[Finding]:
    """Python's packages, the shipped models, and this machine's state."""
    yield Finding("Python", "ok", platform.python_version())
    for engine in ENGINES.values():
        # Only what any user needs is missing; the rest is for files of one kind.
        if engine.installed:
            yield Finding(engine.name, "ok", f"runs {engine.suffix} files")
        elif engine.extra:
            remedy = f"pip install 'facekp[{engine.extra}]'"
            yield Finding(engine.name, "note", f"not installed: {engine.suffix} files are left out; {remedy}")
        else:
            yield Finding(engine.name, "missing", f"not installed; pip install {engine.package}")
    try:
        yield Finding("shipped export", "ok", str(shipped.default_model().parent))
    except (UserError, OSError) as error:
        yield Finding("shipped export", "missing", f"{error}; name models with --models")
    if importlib.util.find_spec("matplotlib") is None:
        text = "not installed: report draws no --plot; pip install 'facekp[train]'"
        yield Finding("matplotlib", "note", text)


def look_at_machine() -> Iterator[Finding]:
    """This machine as what is measured: its processor, and what of its state would disturb."""
    computer = machine.describe_machine()
    yield Finding("processor", "ok", f"{computer.cpu}, {computer.usable_cores:g} cores, {computer.os}")
    if computer.virtual:
        text = "a virtual machine: others on the same host take processor time unseen; compare within one run"
        yield Finding("processor", "note", text)
    for warning in machine.machine_warnings(computer, 1):
        yield Finding("state", "note", warning)

"""A program on the phone: started so that it can be ended, and its answer believed only when it is whole."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from android_bench.phone.adb.adb import AdbError, StoppedError, TimeLimitError
from android_bench.phone.adb.shell import Phone, Result
from android_bench.phone.runner.install import ROOT
from android_bench.records.record import Tensor

_PID = f"{ROOT}/runner.pid"
"""Not in a bundle's folder, which `install` clears of all that is not the bundle's."""
_UNLINKED = "CANNOT LINK EXECUTABLE"
"""From Android's loader, whose exit code differs between versions."""
_REFUSED = re.compile("not executable: |can't execute|cannot execute|Permission denied|Exec format")
_LOGGED = "ERROR: "
"""How TensorFlow Lite's own log begins a line on what went wrong."""
# Linux's numbers, which this computer's system need not share.
_SIGNALS = {4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 11: "SIGSEGV", 15: "SIGTERM", 31: "SIGSYS"}


_Count = Annotated[int, Field(ge=0, le=2**53)]
_Name = Annotated[str, Field(max_length=300)]
_Tensors = Annotated[list[Tensor], Field(max_length=1000)]


class RunError(Exception):
    """Why a program on the phone gave no measurement, in one sentence. The phone itself is well."""


class RunnerAnswer(BaseModel):
    """The line of JSON that our runner prints; see android_bench/native. Times in ms or ns, memory in kB."""

    model_config = ConfigDict(frozen=True)

    runner: Literal[1]
    engine: _Name
    engine_version: _Name | None
    delegate: _Name
    threads: int
    pinned: bool | None
    load_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    first_ms: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    warmup_runs: _Count
    samples_ns: list[Annotated[int, Field(ge=0, le=10**300)]]
    peak_memory_kb: _Count | None
    base_memory_kb: _Count | None
    inputs: _Tensors
    outputs: _Tensors


def run_program(phone: Phone, folder: str, words: Sequence[str], timeout: float) -> Result:
    """Run a program in a folder on the phone; its exit code and outputs, whatever they are.

    folder: below `ROOT`. timeout: seconds, after which it is ended on the phone too. Raises RunError for
    one that took longer, PhoneLostError and StoppedError as `Phone.shell`.
    """
    # The shell of a phone that is unplugged gets SIGHUP, and must not leave the program running.
    script = f"""cd {shlex.quote(folder)} || exit 125
{_end_old(orphan=True)}
{shlex.join(words)} &
child=$!
trap 'kill -9 $child' HUP INT TERM
echo $child > {_PID}
wait $child
code=$?
rm -f {_PID}
exit $code"""
    try:
        return phone.shell(script, timeout)
    except TimeLimitError:
        _end(phone)
        raise RunError(
            f"no answer within {timeout:g} s, so it was stopped; allow more with --timeout"
        ) from None
    except StoppedError:
        _end(phone)
        raise


def _end_old(orphan: bool) -> str:
    """Lines that end a program of an earlier call, if the number is still that of one of ours.

    orphan: only where the script that waited for it is gone; another computer's may be at work.
    """
    alone = "! ours $(sed -n 's/^PPid:[^0-9]*//p' /proc/$old/status) && " if orphan else ""
    return (
        f'ours() {{ case "$(readlink /proc/$1/cwd)" in {ROOT}/*) return 0 ;; esac; return 1; }}\n'
        f"old=$(cat {_PID} 2>/dev/null)\n"
        f'[ -n "$old" ] && ours "$old" && {alone}kill -9 "$old"\n'
        f"rm -f {_PID}"
    )


def _end(phone: Phone) -> None:
    with contextlib.suppress(AdbError):
        phone.shell(_end_old(orphan=False), timeout=15, tidying=True)


def answer_of(result: Result) -> RunnerAnswer:
    """What our runner measured. Raises RunError where it failed or its answer is not whole."""
    if reason := failure_of(result):
        raise RunError(reason)
    line = (result.stdout.strip().splitlines() or [""])[-1]
    try:
        answer = RunnerAnswer.model_validate_json(line)
    except ValidationError:
        raise RunError(f"the runner's answer is garbled ('{line[:60]}'); run it again") from None
    if not answer.samples_ns:
        raise RunError("the runner timed no run")
    return answer


def failure_of(result: Result) -> str | None:
    """Why a program failed, by its exit code and what it said; None where it did not."""
    lines = [line.strip() for line in (result.stderr + "\n" + result.stdout).splitlines() if line.strip()]
    if result.code == 0:
        return None
    refused = next((line for line in lines if line.startswith(_UNLINKED)), None)
    if result.code in (126, 127) or refused:
        refused = refused or next((line for line in lines if _REFUSED.search(line)), None)
        why = (refused or (lines or ["no reason given"])[-1])[:250]
        return f"the runner does not start on this phone ({why}); try --runner glibc"
    if result.code > 128:
        return _death(result.code)
    sentence = next((line for line in reversed(lines) if line.startswith("error: ")), None)
    if sentence:
        logged = [line.removeprefix(_LOGGED) for line in lines if line.startswith(_LOGGED)]
        reason = sentence.removeprefix("error: ")[:400]
        return f"{reason} ({'; '.join(logged[:3])[:300]})" if logged else reason
    return f"the runner ended with exit code {result.code}" + (f" ({lines[-1][:200]})" if lines else "")


def _death(code: int) -> str:
    """The signal that ended a program whose shell gives that exit code, in a sentence."""
    if code == 137:
        return "the runner was killed by the phone; its memory may have run out: close apps and try again"
    name = _SIGNALS.get(code - 128, f"signal {code - 128}")
    return f"the runner crashed on the phone ({name}); try --runner glibc or another delegate"


def delegated_nodes(log: str, delegate: str) -> tuple[int, int] | None:
    """(taken, all) nodes of the model that the delegate executed, by the engine's log of a completed run.

    None for the CPU. Raises RunError where nothing shows that it took any. "Replacing 97 out of 97
    node(s)" alone is printed by the GPU delegate even when it fails afterwards.
    """
    if delegate == "cpu":
        return None
    kind = {"gpu": "Gpu", "nnapi": "Nnapi"}[delegate]
    parts = re.findall(
        rf"Replacing (\d{{1,9}}) out of (\d{{1,9}}) node\(s\) with delegate \([^)]*{kind}", log, re.IGNORECASE
    )
    taken, nodes = (sum(int(part) for part, _ in parts), int(parts[0][1])) if parts else (0, 0)
    proven = delegate != "gpu" or (
        re.search(r"Initialized Open(?:CL|GL)-based API", log)
        and re.search(r"Created [1-9]\d* GPU delegate kernels", log)
    )
    if not taken or not proven:
        name = {"gpu": "GPU", "nnapi": "NNAPI"}[delegate]
        raise RunError(
            f"the {name} delegate took no part of the model: the CPU computed it; measure with cpu"
        )
    return taken, nodes

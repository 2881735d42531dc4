"""The computer that measures: what it is, what state it is in, what of that may spoil the figures."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from android_bench.records.record import Machine

_FLAGS = (
    "fma", "f16c", "avx", "avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16",
    "amx_bf16", "amx_int8", "asimd", "asimddp", "fphp", "i8mm", "bf16", "sve", "sve2", "sme",
)  # fmt: skip
_BUSY = 0.5
"""Load per core from which other programs are taking time that is ours to measure."""


def describe_machine() -> Machine:
    """This computer, now. What cannot be read is None."""
    info = _cpuinfo()
    flags = set((info.get("flags") or info.get("Features") or "").split())
    return Machine(
        cpu=_cpu_name(info),
        cores=_cores(),
        cpu_quota=_quota(),
        governor=_text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        load=load_now(),
        memory_mb=_memory_mb(),
        flags=[flag for flag in _FLAGS if flag in flags],
        virtual="hypervisor" in flags if info.get("flags") else None,
        os=" ".join((platform.system(), platform.release(), platform.machine())),
        python=platform.python_version(),
    )


def load_now() -> float | None:
    """Runnable processes, mean of the last minute; None where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def machine_warnings(machine: Machine, threads: int) -> list[str]:
    """What in the machine's state speaks against a measurement with so many threads, with the remedy."""
    warnings = []
    if threads > machine.usable_cores:
        warnings.append(
            f"{threads} threads on {machine.usable_cores:g} cores wait for one another; ask for fewer"
        )
    if machine.governor is not None and machine.governor not in ("performance", "schedutil"):
        warnings.append(
            f"the frequency governor is {machine.governor}; "
            "for steady clocks: sudo cpupower frequency-set -g performance"
        )
    if machine.load is not None and machine.load > _BUSY * machine.cores:
        warnings.append(
            f"the load was {machine.load:.1f} on {machine.cores} cores before the start; close other programs"
        )
    return warnings


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota() -> float | None:
    """Cores' worth of time that a container's control group grants (versions 2 and 1)."""
    words = (_text("/sys/fs/cgroup/cpu.max") or "").split()
    if len(words) != 2:
        folder = "/sys/fs/cgroup/cpu/cpu.cfs_"
        words = [_text(f"{folder}quota_us") or "", _text(f"{folder}period_us") or ""]
    quota, period = words
    # "max" or -1 stand for no limit.
    return int(quota) / int(period) if quota.isdecimal() and period.isdecimal() and int(period) else None


def _cpuinfo() -> dict[str, str]:
    """The first core's block of /proc/cpuinfo; empty elsewhere."""
    block = (_text("/proc/cpuinfo") or "").split("\n\n")[0]
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _cpu_name(info: dict[str, str]) -> str:
    if name := info.get("model name") or info.get("Hardware"):
        return name
    if sys.platform == "darwin":
        words = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        name = subprocess.run(words, capture_output=True, text=True, check=False, timeout=5).stdout.strip()
    # ARM boards under Linux name neither: the architecture is at least true.
    return name or platform.processor() or platform.machine() or "unknown"


def _memory_mb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None

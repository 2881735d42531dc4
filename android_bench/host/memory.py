"""Resident memory of this process, in bytes; None where the system does not tell."""

from __future__ import annotations

import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def resident_bytes() -> int | None:
    """Memory that is resident now (Linux alone)."""
    return _status_field("VmRSS")


def peak_bytes() -> int | None:
    """The most that was resident since the start or the last `reset_peak`."""
    peak = _status_field("VmHWM")
    if peak is not None or sys.platform == "win32":
        return peak
    # Not used on Linux, where it would also count what the parent held when it forked.
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage if sys.platform == "darwin" else usage * 1024


def reset_peak() -> None:
    """Start the peak anew from what is resident now, where the kernel allows it."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return  # the peak then counts from the start of the process


def _status_field(name: str) -> int | None:
    try:
        for line in _STATUS.read_text(encoding="utf-8").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024  # "VmHWM:    9832 kB"
    except (OSError, ValueError, IndexError):
        return None
    return None

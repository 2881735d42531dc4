"""Python loads this first where its folder is on PYTHONPATH: the process then lacks what FACEKP_SYSTEM lacks.

"darwin" is macOS, "win32" is Windows. Libraries are loaded before, as those systems have builds of their own;
what is ours comes after. Child processes inherit both variables.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import io
import os
import platform
import shutil
import signal
import subprocess
import sys
import sysconfig
import types
from pathlib import Path
from typing import Any

_LIBRARIES = (
    "ai_edge_litert.interpreter", "asyncio", "concurrent.futures", "cv2", "http.server",
    "multiprocessing.pool", "numpy", "onnxruntime", "PIL.Image", "pydantic", "rich.console",
    "rich.progress", "shutil", "tempfile", "typer", "typer.testing", "urllib.request",
)  # fmt: skip
# Of the modules os and signal: on Linux alone, and on Linux and macOS alone.
_LINUX = (
    "memfd_create", "pidfd_open", "posix_fadvise", "posix_fallocate", "sched_getaffinity",
    "sched_setaffinity",
)  # fmt: skip
_POSIX = (
    "SIGALRM", "SIGHUP", "SIGKILL", "SIGQUIT", "SIGUSR1", "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW",
    "O_NONBLOCK", "alarm", "chown", "fchmod", "fchown", "fork", "getegid", "geteuid", "getgid",
    "getloadavg", "getpgid", "getuid", "killpg", "lchown", "mkfifo", "nice", "openpty", "pthread_sigmask",
    "setitimer", "setsid", "setuid", "statvfs", "sysconf", "uname", "wait3", "wait4",
)  # fmt: skip
_POSIX_MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")


def _become(system: str) -> None:
    for name in _LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    sysconfig.get_config_vars()  # read from a file that bears the system's name
    named = {"darwin": "Darwin", "win32": "Windows"}[system]
    sys.platform = system
    platform.system = lambda: named
    _without(_LINUX)
    _hide(("/proc/", "/sys/"))
    if system == "win32":
        _kill_by_number(signal.SIGKILL)
        _refuse_folders()
        _without(_POSIX)
        for name in _POSIX_MODULES:
            sys.modules[name] = None  # type: ignore[assignment]
        sys.modules["msvcrt"] = _msvcrt()


def _without(names: tuple[str, ...]) -> None:
    for module in (os, signal):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)


def _hide(beginnings: tuple[str, ...]) -> None:
    """No file below these folders can be opened."""
    truly = io.open

    def opened(file: Any, *words: Any, **options: Any) -> Any:
        if not isinstance(file, int) and os.fsdecode(file).startswith(beginnings):
            raise FileNotFoundError(2, "No such file or directory", os.fsdecode(file))
        return truly(file, *words, **options)

    builtins.open = io.open = opened


def _refuse_folders() -> None:
    """No folder has a descriptor."""
    truly: Any = os.open

    def opened(path: Any, *words: Any, **options: Any) -> int:
        if Path(os.fsdecode(path)).is_dir():
            raise PermissionError(13, "Permission denied", os.fsdecode(path))
        return truly(path, *words, **options)

    os.open = opened
    shutil._use_fd_functions = False  # type: ignore[attr-defined]


def _kill_by_number(number: int) -> None:
    subprocess.Popen.kill = lambda self: self.send_signal(number)  # type: ignore[method-assign]


def _msvcrt() -> types.ModuleType:
    """Its locks are had by whoever asks."""
    module: Any = types.ModuleType("msvcrt")
    module.LK_NBLCK, module.LK_UNLCK = 2, 0
    module.locking = lambda descriptor, mode, size: None
    return module


if os.environ.get("FACEKP_SYSTEM"):
    _become(os.environ["FACEKP_SYSTEM"])

"""A stranger's file is opened in a child process first: what it does to that one, the caller outlives.

Models and .mat files are read by libraries in C++ that damage can end, and with them whoever called.
The caller believes the child's answer alone, and remembers by the content's SHA-256 which files are
good, so that each costs once for every version of what reads it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import pkgutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from facekp_train.common.console import UserError
from facekp_train.common.files import sha256_of, user_cache
from facekp_train.common.shipped import ships

_ROOT = Path(__file__).parents[2]
_LONGEST_SECONDS = 60.0
# What the slowest disk and reader take of a large file.
_BYTES_A_SECOND = 5e6
_ERRORS: dict[str, type[Exception]] = {"OSError": OSError, "UserError": UserError}
# What a program needs to find itself and its libraries; a stranger's file needs no token of its reader's.
_HANDED_ON = (
    "PATH", "PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
    "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "FACEKP_CACHE",
)  # fmt: skip
# glibc fills what it hands out: what a file has read beyond its own ends the child, not later the caller.
_UNSEEN = {"MALLOC_PERTURB_": "165", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
_NO_NEW_PRIVILEGES = 38
"""Of Linux's prctl."""

_good: set[Path] = set()


def refuse_harmful(path: Path, opener: str, packages: Sequence[str], *, remember: bool = True) -> None:
    """Nothing where a child process opened the file, or one did so before, or it came with facekp.

    Args:
        path: the file.
        opener: what opens and uses it, as `module:function` of the path.
        packages: whose versions decide what becomes of a file.
        remember: whether the file's own content alone decides.

    Raises:
        OSError: for a file that cannot be read.
        ValueError: where it ends the child or takes too long; else whatever the opener says.
    """
    sha256 = sha256_of(path)
    if ships(sha256):
        return
    mark = _mark(sha256, opener, packages)
    if remember and (mark in _good or mark.is_file()):
        return
    _open_in_child(path, opener)
    if remember:
        _good.add(mark)
        with suppress(OSError):  # a cache that cannot be written costs time alone
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()


def _mark(sha256: str, opener: str, packages: Sequence[str]) -> Path:
    from importlib import metadata

    versions = []
    for package in packages:
        with suppress(metadata.PackageNotFoundError):
            versions.append(f"{package} {metadata.version(package)}")
    text = "\n".join([sha256, opener, *versions])
    return user_cache("opened") / hashlib.sha256(text.encode()).hexdigest()


def _open_in_child(path: Path, opener: str) -> None:
    # As a number of bytes the name outlives every encoding; the working folder is ours, since `-m` puts
    # it in front of the import path.
    whole = path.absolute()
    limit = _LONGEST_SECONDS + path.stat().st_size / _BYTES_A_SECOND
    words = [opener, os.fsencode(whole).hex(), str(limit)]
    command = [sys.executable, "-m", "facekp_train.common.guarded", *words]
    try:
        ended = subprocess.run(
            command, cwd=_ROOT, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit, check=False,
            env={name: os.environ[name] for name in _HANDED_ON if name in os.environ} | _UNSEEN,
            start_new_session=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise ValueError(f"{path}: opening it takes longer than {limit:.0f} seconds; do not use it") from None
    answer = _answer_in(ended.stdout)
    if ended.returncode != 0 or answer is None:
        raise ValueError(
            f"{path}: it ends the program that opens it ({_how(ended.returncode)}): it is damaged, or made "
            "to harm; do not use it, or copy it again from where it is whole"
        )
    if answer.get("error"):
        message = str(answer["error"]).replace(str(whole), str(path))
        raise _ERRORS.get(str(answer.get("kind")), ValueError)(message)


def _answer_in(printed: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(printed)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _how(code: int) -> str:
    try:
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"
    except ValueError:
        return f"signal {-code}"


def _main(opener: str, name: str, seconds: str) -> None:
    """The child: open the file, and say on what was its stdout how that went."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):  # libraries print what they like
            os.dup2(nowhere, stream)
        _bound(float(seconds))
        use: Callable[[Path], None] = pkgutil.resolve_name(opener)
        path, answer = Path(os.fsdecode(bytes.fromhex(name))), dict[str, str]()
        try:
            use(path)
        except UserError as error:
            answer = {"error": str(error), "kind": "UserError"}
        except OSError as error:
            answer = {"error": str(error), "kind": "OSError"}
        except ValueError as error:
            answer = {"error": str(error)}
        except MemoryError:
            answer = {"error": f"{path}: it needs more memory than this machine has; do not use it"}
        json.dump(answer, answers)
        answers.flush()
        os._exit(0)  # what a library does on its way out is no matter of the file's


def _bound(seconds: float) -> None:
    """What the child may take and do, where the system bounds it: no more than opening a file needs.

    It has no terminal and the memory of the machine; it can write no file, start no process (but an
    administrator's) and gain no right; it ends with its time, and so does whatever it has left behind.
    """
    if sys.platform == "win32":
        return
    import resource

    bounds = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CPU: math.ceil(seconds)}
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        bounds |= {resource.RLIMIT_AS: whole, resource.RLIMIT_NPROC: 0}
    for kind, most in bounds.items():
        with suppress(ValueError, OSError):  # one that is bounded closer already
            resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    _main(*sys.argv[1:])

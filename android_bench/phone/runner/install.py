"""Files on the phone: compared by hash, pushed aside, proven, then renamed."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from android_bench.phone.adb.adb import AdbError, PhoneLostError, TimeLimitError
from android_bench.phone.adb.shell import SHELL_SECONDS, DiskFullError, Phone
from android_bench.phone.device.device import FOLDER, free_bytes
from facekp_train.common.files import sha256_of

ROOT = f"{FOLDER}/facekp"
"""The folder of ours on every phone. Runners stay there for the next time; models do not."""
_PART = ".part"
_HASH_BYTES_PER_SECOND = 20e6
"""Of the slowest phone's sha256sum."""
_READ_BYTES_PER_SECOND = 1e6
"""Back over a slow network, for phones that have no sha256sum: those with Android 7."""


def install(
    phone: Phone, folder: str, files: Mapping[str, Path], *, executable: bool = True
) -> dict[str, str]:
    """Bring a folder on the phone to hold these files alone; their SHA-256 as read there.

    folder: below `ROOT`, or an app's own, which knows no `executable` files. files: name on the phone ->
    file here. What is there with the same content stays.

    Raises DiskFullError with what is needed, and as `Phone.push`; nothing half-written is left.
    """
    wanted = {name: sha256_of(path) for name, path in files.items()}
    size = _size(files)
    there = _hashes(phone, folder, size)
    stale = [name for name, digest in there.items() if wanted.get(name) != digest]
    if stale:
        phone.ask(f"cd {shlex.quote(folder)} && rm -rf -- {_quoted(stale)}")
    missing = {name: path for name, path in files.items() if there.get(name) != wanted[name]}
    needed = _size(missing)
    _expect_space(phone, needed)
    try:
        phone.ask(f"mkdir -p {shlex.quote(folder)}")
        for name, path in missing.items():
            phone.push(path, f"{folder}/{name}{_PART}")
        _prove(phone, folder, {name: wanted[name] for name in missing}, size, executable)
    except BaseException as error:
        if not isinstance(error, PhoneLostError):
            _clear(phone, folder)
        if isinstance(error, DiskFullError):
            raise disk_full(phone, needed) from None
        raise
    return wanted


def read_back(phone: Phone, path: str, timeout: float = SHELL_SECONDS) -> bytes:
    """A small file's content. Raises AdbError where it is missing or garbled, and as `Phone.shell`."""
    text = phone.ask(f"base64 {shlex.quote(path)}", timeout)
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise AdbError(f"phone {phone.serial} garbles {PurePosixPath(path).name}; try again") from None


def remove(phone: Phone, *folders: str) -> None:
    """Delete folders of ours, as well as it can be done."""
    with contextlib.suppress(AdbError):
        phone.shell(f"rm -rf -- {_quoted(folders)}", timeout=10, tidying=True)


def _hashes(phone: Phone, folder: str, size: int) -> dict[str, str]:
    """Name -> SHA-256 of whatever lies in the folder, if it is there.

    A thing that is no readable file has the hash "". Leftovers of a push that was killed are listed too.
    size: bytes that are to be expected there.
    """
    quoted = shlex.quote(folder)
    sums = "if command -v sha256sum >/dev/null; then sha256sum -- * .[!.]* 2>/dev/null; else echo none; fi"
    script = f"[ -d {quoted} ] || exit 0; cd {quoted} && ls -A1 && printf '\\n\\n' && ({sums}; true)"
    answer = phone.ask(script, SHELL_SECONDS + size / _HASH_BYTES_PER_SECOND)
    names, _, sums = answer.partition("\n\n")
    # What is no name of a file in a folder would be one elsewhere, and what is stale is deleted.
    digests = dict.fromkeys((name for name in names.split("\n") if name and "/" not in name), "")
    if sums.strip() == "none":
        timeout = SHELL_SECONDS + size / _READ_BYTES_PER_SECOND
        return {name: _hash_here(phone, f"{folder}/{name}", timeout) for name in digests}
    told = {name: digest for digest, name in re.findall(r"^([0-9a-f]{64})  (.+)$", sums, re.MULTILINE)}
    return digests | {name: digest for name, digest in told.items() if name in digests}


def hash_there(phone: Phone, path: str, size: int) -> str:
    """The SHA-256 of a file on the phone, of about so many bytes; "" where it is none or cannot be read."""
    timeout = SHELL_SECONDS + size / _HASH_BYTES_PER_SECOND
    quoted = shlex.quote(path)
    script = f"command -v sha256sum >/dev/null && sha256sum -- {quoted}"
    if match := re.match(r"[0-9a-f]{64}\b", phone.shell(script, timeout).stdout.strip()):
        return match[0]
    return _hash_here(phone, path, SHELL_SECONDS + size / _READ_BYTES_PER_SECOND)


def _hash_here(phone: Phone, path: str, timeout: float) -> str:
    """The SHA-256 of what is read back from the phone, "" where that is no readable file."""
    try:
        return hashlib.sha256(read_back(phone, path, timeout)).hexdigest()
    except (PhoneLostError, TimeLimitError):
        raise
    except AdbError:
        return ""


def _prove(phone: Phone, folder: str, wanted: Mapping[str, str], size: int, executable: bool) -> None:
    """Compare what has arrived with what was sent, then give it its name."""
    if not wanted:
        return
    there = _hashes(phone, folder, size)
    for name, digest in wanted.items():
        if there.get(name + _PART) != digest:
            raise AdbError(f"phone {phone.serial}: {name} arrived damaged; check the cable and try again")
    moves = [f"mv -f -- {_quoted([n + _PART, n])}" for n in wanted]
    if executable:
        moves = [f"chmod 755 -- {_quoted(n + _PART for n in wanted)}", *moves]
    phone.ask(f"cd {shlex.quote(folder)} && {' && '.join(moves)}")


def _expect_space(phone: Phone, size: int) -> None:
    free = _free(phone)
    if free is not None and free < size:
        raise disk_full(phone, size)


def disk_full(phone: Phone, size: int) -> DiskFullError:
    """The error that says how much is needed, size bytes, and how much is free."""
    free = None
    with contextlib.suppress(AdbError):
        free = _free(phone)
    have = "" if free is None else f" and {free / 1e6:.1f} MB are free"
    return DiskFullError(
        f"phone {phone.serial}: {max(size / 1e6, 0.1):.1f} MB are needed in {FOLDER}{have}; "
        "delete something on it"
    )


def _free(phone: Phone) -> int | None:
    return free_bytes(phone.shell(f"df -k {FOLDER}").stdout)


def _size(files: Mapping[str, Path]) -> int:
    return sum(path.stat().st_size for path in files.values())


def _clear(phone: Phone, folder: str) -> None:
    """Remove what a push has left behind, as well as it can be done."""
    with contextlib.suppress(AdbError):
        phone.shell(f"rm -f -- {shlex.quote(folder)}/*{_PART}", timeout=10, tidying=True)


def _quoted(names: Iterable[str]) -> str:
    return " ".join(map(shlex.quote, names))

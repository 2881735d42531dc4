"""Files appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from facekp_train.common.held.folder import folder_beside


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """A path in a folder beside `target` to write to; it is renamed to `target` if the block ends well.

    The folder is made where it is missing. On an error, or a kill, `target` stays as it was, and what a
    kill left goes with the next file; a full disk is named. The suffix is kept, since several libraries
    choose their format by it. A file that is replaced keeps its mode, a link leads on to it; a device, a pipe
    or /dev/stdout stays what it is, and is written into.

    Raises:
        OSError: as `written_to`, and where the folder refuses it.
    """
    target = written_to(target)
    if is_written_into(target):
        with naming_full_disk(target), tempfile.TemporaryDirectory(prefix="facekp-") as folder:
            aside = Path(folder) / f"out{target.suffix}"
            aside.touch()
            yield aside
            with aside.open("rb") as made, _opened(target) as stream:
                shutil.copyfileobj(made, stream)
        return
    with ExitStack() as stack:
        stack.enter_context(naming_full_disk(target))
        with naming_folder(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = stack.enter_context(folder_beside(target.parent)) / f"a{target.suffix}"
            aside.touch()
        yield aside
        _to_disk(aside)
        _give_mode(aside, target)
        aside.replace(target)


def is_written_into(target: Path) -> bool:
    """Whether that is no file to be replaced: a device, a pipe, or a stream such as /dev/stdout."""
    if _STREAM.fullmatch(str(target.absolute())):
        return True
    try:
        mode = target.stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def written_to(target: Path) -> Path:
    """The file that is written where a user names `target`: where a link leads, whatever lies there.

    Raises:
        OSError: for a link that leads to itself, and a socket.
    """
    if is_written_into(target):
        if target.is_socket():
            raise OSError(f"{target} is a socket, which takes no file; name another")
        return target
    if not target.is_symlink():
        return target
    file = resolved(target)
    if file.is_symlink():
        raise OSError(f"{target} is a link that leads back to itself; name another file, or remove it")
    return file


def resolved(path: Path) -> Path:
    """`Path.resolve`, which raises RuntimeError for links in a circle before Python 3.13: they stay."""
    return Path(os.path.realpath(path))


_STREAM = re.compile(r"/dev/std(out|err)|(?:/dev|/proc/self)/fd/(\d+)")


def _opened(target: Path) -> BinaryIO:
    """The target, to be written to. A stream of ours goes on where it is: opened anew, it is emptied."""
    if own := _STREAM.fullmatch(str(target.absolute())):
        number = int(own[2]) if own[2] else {"out": 1, "err": 2}[own[1]]
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return os.fdopen(os.dup(number), "wb")
    return target.open("wb")


def _give_mode(aside: Path, target: Path) -> None:
    """The mode of the file that it replaces, and its owner where that is allowed; else that of a new file."""
    try:
        before = target.lstat()
    except OSError:
        before = None
    if before is None or not stat.S_ISREG(before.st_mode):
        # Whatever made it may have made it private; a finished artifact has the mode of any new file.
        umask = os.umask(0)
        os.umask(umask)
        aside.chmod(0o666 & ~umask)
        return
    if hasattr(os, "chown"):
        with contextlib.suppress(PermissionError):
            os.chown(aside, before.st_uid, before.st_gid)
    aside.chmod(before.st_mode & 0o777)


def _to_disk(file: Path) -> None:
    """What a crash of the machine right after the renaming would else leave empty."""
    handle = os.open(file, os.O_RDWR)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that has no such thing
            raise
    finally:
        os.close(handle)


_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def naming_full_disk(target: Path) -> Iterator[None]:
    """The error of a full disk inside becomes an OSError that names `target` and the remedy."""
    try:
        yield
    except Exception as error:
        if says_full_disk(error):
            raise OSError(f"{target}: the disk is full; free some space, or write elsewhere") from None
        raise


def says_full_disk(error: Exception) -> bool:
    """Whether an error is that of a full disk; other languages' libraries say so in their message alone."""
    return getattr(error, "errno", None) in _FULL or any(os.strerror(n) in str(error) for n in _FULL)


@contextmanager
def naming_folder(folder: Path) -> Iterator[None]:
    """An OSError inside becomes one that names the folder, not whatever name was tried in it."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(f"{folder}: nothing can be written there ({reason}); choose another folder") from None


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with written_aside(target) as aside:
        aside.write_text(text, encoding="utf-8")


def write_json(target: Path, document: object) -> None:
    """Write a JSON document for people to read too, whole or not at all."""
    write_text(target, json.dumps(document, indent=2) + "\n")


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML document. Raises OSError where it cannot be read, ValueError for what is no TOML."""
    tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def refuse_streams(path: Path) -> None:
    """Raise OSError for a pipe, a device or a socket: one waits for its writer, another has no end."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(f"{path}: a pipe, a device or a socket, not a file; name a file")


def sha256_of(path: Path) -> str:
    """The file's SHA-256 as 64 hex digits. Raises OSError, as `refuse_streams` too."""
    refuse_streams(path)
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def read_bounded(path: Path, most: int) -> bytes | None:
    """What a file, a pipe or a device holds; None where it is more than so many bytes."""
    if path.stat().st_size > most:
        return None
    parts, size = [], 0
    with path.open("rb") as stream:
        while part := stream.read(1 << 20):
            size += len(part)
            if size > most:
                return None
            parts.append(part)
    return b"".join(parts)


# Far beyond any honest document, far below what a stack bears.
_DEEPEST, _MOST_DIGITS = 200, 100
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def parse_json(text: str, **options: Any) -> Any:
    """`json.loads` for text that may be hostile; options as there.

    Raises ValueError for what is no JSON, is nested deeper than 200 or holds a whole number of more than
    100 digits, which no float holds. Python's own guard against nesting is the recursion limit, which some
    converters raise for the whole process; without it deep nesting ends the process instead of the parse.
    """
    if text.count("[") + text.count("{") > _DEEPEST:
        depth = 0
        for mark in re.finditer(r"[\[\]{}]", _STRING.sub("", text)):
            depth += 1 if mark[0] in "[{" else -1
            if depth > _DEEPEST:
                raise ValueError(f"JSON nested deeper than {_DEEPEST}")
    return json.loads(text, **{"parse_int": _whole_number, **options})


def _whole_number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def user_cache(name: str) -> Path:
    """Where files that can be made again are kept: $FACEKP_CACHE, or a folder of the user's cache."""
    if folder := os.environ.get("FACEKP_CACHE"):
        return Path(folder) / name
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "facekp" / name
    try:
        home = Path.home()
    except RuntimeError:  # an account that nobody knows, as in some containers: nothing can be kept
        home = Path(os.devnull)
    return home / ".cache" / "facekp" / name


def package_file(package: str, *names: str) -> Path:
    """The path of a file or folder that comes with a package: the way to it, name by name.

    Needs an unpacked package, as every installer leaves one. It need not be there.
    """
    return Path(importlib.import_module(package).__path__[0], *names)

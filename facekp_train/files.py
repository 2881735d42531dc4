"""Files appear whole or not at all."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to; it is renamed to `target` if the block ends well.

    The folder is made where it is missing. On an error, or a kill, `target` stays as it was. The
    suffix is kept, since several libraries choose their format by it.
    """
    with naming_folder(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        # mkstemp makes the file private; a finished artefact has the mode of any new file.
        umask = os.umask(0)
        os.umask(umask)
        aside.chmod(0o666 & ~umask)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


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


def sha256_of(path: Path) -> str:
    """The file's SHA-256 as 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()

"""A build that repeats only what changed: each result is kept beside the key of what it was made from."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from facekp_train.common.console import say
from facekp_train.common.files import naming_folder
from facekp_train.common.locks import locked


@dataclass(frozen=True)
class Made:
    """A step's result, and the key of everything that went into it."""

    path: Path
    key: str


class Workshop:
    """A folder of results.

    Args:
        folder: made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        with naming_folder(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def made(self, name: str, inputs: Iterable[str], make: Callable[[Path], None]) -> Made:
        """The result `name` of the same inputs, made anew where they changed.

        Args:
            name: of the file or folder.
            inputs: whatever changes with the result: digests, versions, options, keys of other steps.
            make: writes the result to the path that it is given.

        Returns:
            The result. Where `make` raises, nothing of it stays.
        """
        key = hashlib.sha256("\0".join([name, *inputs]).encode()).hexdigest()
        with locked(self.folder, lambda: say(f"another build is at work in {self.folder}; waiting")):
            return self._made(name, key, make)

    def _made(self, name: str, key: str, make: Callable[[Path], None]) -> Made:
        target, known = self.folder / name, self.folder / f"{name}.key"
        if target.exists() and known.is_file() and known.read_text(encoding="utf-8") == key:
            return Made(target, key)
        say(f"building {name}")
        known.unlink(missing_ok=True)
        fresh = self.folder / f".{name}"
        _remove(fresh)
        try:
            make(fresh)
            _remove(target)
            fresh.rename(target)
        finally:
            _remove(fresh)
        known.write_text(key, encoding="utf-8")
        return Made(target, key)


def digest(*roots: Path) -> str:
    """A hash of files and folders: of all names and contents below, in their order."""
    total = hashlib.sha256()
    for root in roots:
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_file():
                name = str(path.relative_to(root))
                total.update(f"{name}\0{path.stat().st_size}\0".encode())
                total.update(path.read_bytes())
    return total.hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

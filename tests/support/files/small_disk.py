"""A disk of a few kilobytes or megabytes to fill up: a tmpfs in a mount namespace of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SPACES = ["unshare", "--user", "--map-root-user", "--mount"]
_FILLER = "filler"


def able() -> bool:
    """Whether this machine lets the tests mount a tmpfs of their own (Linux with user namespaces)."""
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        return False
    probe = [*_SPACES, "sh", "-c", "mount -t tmpfs -o size=4k tmpfs /mnt"]
    return subprocess.run(probe, capture_output=True, timeout=20, check=False).returncode == 0


@dataclass(frozen=True)
class SmallDisk:
    """A mounted disk: only commands started by `start` and `run` see what is on it."""

    folder: Path
    holder: subprocess.Popen[str]

    def start(
        self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Begin a command that sees the disk; its outputs are pipes."""
        enter = ["nsenter", f"--target={self.holder.pid}", "--user", "--mount", "--preserve-credentials"]
        words = [*enter, "--wd=/", *map(str, command)]
        return subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )

    def run(
        self,
        command: Sequence[str | Path],
        environment: Mapping[str, str] | None = None,
        timeout: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        """A command that sees the disk, to its end."""
        with self.start(command, environment) as process:
            try:
                stdout, stderr = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def files(self) -> list[str]:
        """The paths of all files on it, relative to it, sorted."""
        found = self.run(["find", self.folder, "-type", "f", "-printf", "%P\\n"]).stdout
        return sorted(set(found.splitlines()) - {_FILLER})

    def fill(self) -> None:
        """Leave no room."""
        done = self.run(["dd", "if=/dev/zero", f"of={self.folder / _FILLER}", "bs=4k"])
        assert "No space left" in done.stderr

    def free(self) -> None:
        """Give the room back."""
        self.run(["rm", "-f", self.folder / _FILLER])


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[SmallDisk]:
    """Mount a tmpfs with these options ("size=8k", "ro") at a folder, which is made."""
    folder.mkdir()
    script = 'mount -t tmpfs -o "$1" tmpfs "$2" && echo mounted && cat'
    with subprocess.Popen(
        [*_SPACES, "sh", "-c", script, "sh", options, folder],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdin is not None and holder.stdout is not None
        try:
            assert holder.stdout.readline() == "mounted\n"
            yield SmallDisk(folder, holder)
        finally:
            holder.stdin.close()

"""A first look at a phone: few runs of the two files that bound the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from android_bench.engines.engines import identity
from android_bench.phone.settings import Settings
from android_bench.timing import StopRule

KINDS = ("int8", "float32")
# What the outputs are compared by is run before the timed runs, and warms up.
QUICK = Settings(repeat=1, rule=StopRule(10, 0.0), warmup=0, inputs=2)
FIRST_LOOK = "a first look: one repeat of ten runs, nothing on heat; measure without --quick to decide"


def quick_files(paths: Iterable[Path]) -> list[Path]:
    """The int8 and float32 files of export folders; a folder without them, or a file, stays as it is."""
    return [file for path in paths for file in (list(_of_kind(path)) or [path])]


def _of_kind(path: Path) -> Iterator[Path]:
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".tflite" and file.is_file())
        yield from (file for file in files if identity(file)[1] in KINDS)

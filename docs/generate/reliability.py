"""The counts on the page on reliability: its rows are the kinds, and pytest collects the tests of each."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guides" / "reliability.md"
TESTS = ROOT / "tests"
_ROW = re.compile(r"^(\| [^|]+ \| [^|]+ \| )(\d*)( \| (test_[\w, ]+) \|)$", re.MULTILINE)
_TOTAL = re.compile(r"\d* kinds, [\d,]* tests\.")


def named_in(page: str) -> list[list[str]]:
    """The files of tests that each row names, without their suffix."""
    return [match[4].split(", ") for match in _ROW.finditer(page)]


def counted(page: str) -> str:
    """The page with its counts as they are now.

    Raises:
        ValueError: where a file stands in two rows, or is not there.
    """
    rows = named_in(page)
    named = [name for row in rows for name in row]
    if twice := [name for name, count in Counter(named).items() if count > 1]:
        raise ValueError(f"{PAGE.name}: two rows name {', '.join(twice)}; make one row of them")
    files = {path.stem: path for path in sorted(TESTS.rglob("test_*.py")) if path.stem in named}
    if gone := [name for name in named if name not in files]:
        raise ValueError(f"{PAGE.name}: there is no {', '.join(gone)}")
    found = _collected(files.values())
    page = _ROW.sub(lambda m: f"{m[1]}{sum(found[name] for name in m[4].split(', '))}{m[3]}", page)
    return _TOTAL.sub(f"{len(rows)} kinds, {sum(found[name] for name in named):,} tests.", page)


def _collected(files: Iterable[Path]) -> Counter[str]:
    """How many tests pytest finds in each file, by its name."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "-p", "no:cacheprovider"]
    done = subprocess.run([*command, *map(str, files)], cwd=ROOT, capture_output=True, text=True, check=True)
    return Counter(Path(line.partition("::")[0]).stem for line in done.stdout.splitlines() if "::" in line)

"""The base install, and an export, on the Pythons of this machine, each in an environment of its own.

`make test-pythons` runs this file: the fast tests on every Python that is found. `--few` runs the commands
and those tests alone that another Python could break; `--export 3.13` also exports the shipped model there,
and checks it. Environments lie below build/pythons and are kept.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.support.places import DEMO_PHOTO, ROOT

WANTED = ("3.10", "3.11", "3.12", "3.13", "3.14")
"""What the package promises to run on."""
FAST = "not slow and not adb and not engines and not app"
FEW = "test_other_systems or test_runtimes or test_landmarks or test_record"
_FOLDER = ROOT / "build" / "pythons"
_ASKED = "import ensurepip, ssl, sys, zlib; print('%d.%d' % sys.version_info[:2])"


def places() -> list[Path]:
    """Folders where Pythons are: the search path's, pyenv's, uv's."""
    home = Path.home()
    versions = sorted((home / ".pyenv" / "versions").glob("*"), reverse=True)
    managed = sorted((home / ".local" / "share" / "uv" / "python").glob("cpython-*"), reverse=True)
    ahead = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    return [*ahead, *(folder / "bin" for folder in (*versions, *managed))]


def find_pythons(folders: Iterable[Path]) -> dict[str, Path]:
    """The first Python of each version that answers when it is run; by version, such as "3.12"."""
    found: dict[str, Path] = {}
    for folder in folders:
        for name in ("python3", *(f"python{version}" for version in WANTED)):
            program = folder / name
            if version := _answer(program):
                found.setdefault(version, program)
    return {version: found[version] for version in WANTED if version in found}


def _answer(program: Path) -> str | None:
    """The version that a program says it is; None where it does not run, or is no whole Python."""
    if not program.is_file():
        return None
    try:
        done = subprocess.run(
            [program, "-I", "-c", _ASKED], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def try_base(python: Path, version: str, few: bool) -> str:
    """Install the package alone, run its commands and the tests; what pytest says at the end."""
    scripts = _environment(python, version, "-r", str(ROOT / "requirements-base.txt"))
    _run(_uv(), "pip", "install", "--quiet", "--python", str(scripts / "python"), "--group", "test")
    with tempfile.TemporaryDirectory(prefix="facekp-") as empty:
        _run(scripts / "facekp-detect", DEMO_PHOTO, "--out", "points.png", cwd=Path(empty))
        _run(scripts / "facekp-bench", "--device", "cpu", "--min-seconds", "0.2", cwd=Path(empty))
    # All are collected in either case: none may need an extra for that.
    chosen = ("-k", FEW) if few else ("-n", "auto", "--dist", "loadfile")
    told = _run(
        scripts / "python", "-m", "pytest", "-q", "-r", "fE", "-p", "no:cacheprovider", "-m", FAST, *chosen
    )  # fmt: skip
    return told.strip().splitlines()[-1].strip("= ")


def try_export(python: Path, version: str) -> str:
    """Export the shipped model, which verifies every file, and check the folder; how long the export took."""
    scripts = _environment(
        python, f"{version}-export", "-c", "requirements.txt", "-r", "pyproject.toml", "--extra", "export"
    )
    with tempfile.TemporaryDirectory(prefix="facekp-") as empty:
        out, began = Path(empty) / "export", time.monotonic()
        _run(scripts / "facekp-export", "--out", out)
        seconds = time.monotonic() - began
        _run(scripts / "facekp-export", "check", out)
    return f"exported, verified and checked; the export took {seconds:.0f} s"


def _environment(python: Path, name: str, *packages: str) -> Path:
    """The folder of programs of an environment with these packages, known by their hashes, and ours."""
    folder = _FOLDER / name
    scripts = folder / ("Scripts" if sys.platform == "win32" else "bin")
    if not (scripts / "python").exists():
        _run(_uv(), "venv", "--quiet", "--clear", "--python", str(python), str(folder))
    install = [_uv(), "pip", "install", "--quiet", "--python", str(scripts / "python")]
    _run(*install, "--require-hashes", *packages)
    _run(*install, "--no-deps", "--editable", ".")
    return scripts


def _uv() -> str:
    beside = Path(sys.executable).with_name("uv")
    tool = str(beside) if beside.exists() else shutil.which("uv")
    if tool is None:
        sys.exit("uv is missing; make setup installs it")
    return tool


def _run(*command: str | Path, cwd: Path = ROOT) -> str:
    """What the command prints; SystemExit with all of it where it fails."""
    # Ours would be imported before the environment's own packages.
    others = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env=others, text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\n{done.stdout}")
    return done.stdout


def main(words: Sequence[str]) -> int:
    """Print a line for each Python; 1 where any of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.pythons", description=__doc__)
    parser.add_argument(
        "versions", nargs="*", metavar="VERSION", help="such as 3.13; default: all that are here"
    )
    parser.add_argument("--few", action="store_true", help="the commands and few tests")
    parser.add_argument(
        "--export", metavar="VERSION", help="also export and check the shipped model on this one"
    )
    given = parser.parse_args(words)
    pythons = find_pythons(places())
    jobs = [(version, "base") for version in given.versions or WANTED]
    jobs += [(given.export, "export")] if given.export else []
    failed = 0
    for version, job in jobs:
        if version not in pythons:
            print(f"{version:<5} {job:<7} this machine has none", flush=True)
            continue
        began = time.monotonic()
        try:
            python = pythons[version]
            outcome = try_base(python, version, given.few) if job == "base" else try_export(python, version)
        except SystemExit as error:
            outcome, failed = f"FAILED: {error}", 1
        print(f"{version:<5} {job:<7} {time.monotonic() - began:4.0f} s  {outcome}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Debian's arm64 packages, fetched by the host's own apt into a private state and unpacked.

Nothing is installed on the host and its own apt state is neither read nor written: a source list, a
status and a cache of our own. apt verifies the archive by Debian's keyring.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.rig.errors import NoRigHereError

SUITE = "trixie"
"""The first Debian release that packages adbd for arm64."""
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_ARCHIVE = "http://deb.debian.org/debian"


def unpack(packages: Sequence[str], target: Path, work: Path) -> dict[str, str]:
    """Unpack the packages and all that they depend on into the folder `target`; keep the files in `work`.

    Returns the version of every package unpacked. Raises NoRigHereError when apt cannot fetch them.
    """
    options = _apt_options(work)
    _run(["apt-get", *options, "update"], 300)
    _run(["apt-get", *options, "install", "--download-only", *packages], 600)
    versions: dict[str, str] = {}
    for archive in sorted((work / "cache/archives").glob("*.deb")):
        name, version = _run(
            ["dpkg-deb", "-W", "--showformat=${Package} ${Version}", str(archive)], 30
        ).split()
        versions[name] = version
        _run(["dpkg-deb", "-x", str(archive), str(target)], 120)
    return versions


def _apt_options(work: Path) -> list[str]:
    """Make the private apt folders under `work`; the options that keep apt inside them."""
    if not _KEYRING.exists():
        raise NoRigHereError(f"{_KEYRING} is missing; apt-get install debian-archive-keyring")
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    # An empty status: every dependency is fetched, whatever the host has installed.
    (work / "status").write_text("")
    sources = work / "sources.list"
    sources.write_text(f"deb [arch=arm64 signed-by={_KEYRING}] {_archive()} {SUITE} main\n")
    settings = {
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",
        "APT::Update::Post-Invoke": "",
        "Acquire::Languages": "none",
        "DPkg::Post-Invoke": "",
        "Debug::NoLocking": "true",
        "Dir::Cache": str(work / "cache"),
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "Dir::Etc::sourcelist": str(sources),
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State": str(work / "state"),
        "Dir::State::status": str(work / "status"),
    }
    return ["-q", "-y", *(part for key, value in settings.items() for part in ("-o", f"{key}={value}"))]


def _archive() -> str:
    """The Debian archive that this host's apt uses; Debian's public one where it uses none."""
    listing = _run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian", "Label: Debian"], 60
    )
    return next(iter(sorted(set(listing.split()))), _ARCHIVE).rstrip("/")


def _run(command: Sequence[str], timeout: float) -> str:
    """The command's output; NoRigHereError with its last line when it fails or takes over `timeout` s."""
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        raise NoRigHereError(f"{command[0]} is missing; the rig is made of Debian packages") from None
    except subprocess.TimeoutExpired:
        raise NoRigHereError(f"{command[0]} took longer than {timeout:g} s") from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit {done.returncode}"]
        raise NoRigHereError(f"{command[0]} failed: {lines[-1]}")
    return done.stdout

"""Archives from the registries, through the user's own Maven, pip, npm and apt settings.

Whatever serves an archive, it is taken only with the hash that parts.json records.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from facekp_train.common.console import UserError
from facekp_train.common.downloads import maven
from facekp_train.common.downloads.parts import Part
from facekp_train.common.downloads.transfer import transfer
from facekp_train.common.files import says_full_disk, sha256_of

_ANSWER_SECONDS = 30
"""For a server to answer, and for each of its blocks."""
_FETCH_SECONDS = 900
"""For a client to fetch one archive, 23 MB at most."""
_APT_HELPER = "/usr/lib/apt/apt-helper"
_NPM = "https://registry.npmjs.org"
_DEBIAN = (
    "https://deb.debian.org/debian",
    # What the pool has dropped since; this one keeps every package that ever was.
    "https://snapshot.debian.org/archive/debian/20260801T000000Z",
)


def fetch(part: Part, folder: Path, way: str = "facekp-bench bundle --from") -> Path:
    """Fetch a part's archive into `folder`. Raises UserError where it cannot be had.

    way: how the caller's user names a folder of archives that were fetched elsewhere.
    """
    target = folder / part.file
    sources = {
        "maven": _from_maven,
        "google": _from_google,
        "pypi": _from_pip,
        "debian": _from_debian,
        "npm": _from_npm,
    }
    try:
        sources[part.registry](part, target)
    except (ValueError, OSError, subprocess.SubprocessError) as error:
        if says_full_disk(error):
            raise UserError(
                f"{part.file} cannot be saved: this computer's disk is full; free some space, or "
                "name another folder in FACEKP_CACHE"
            ) from None
        raise UserError(_sentence(part, " ".join(str(error).split()), way)) from None
    return target


def given(parts: list[Part], source: Path) -> dict[str, Path]:
    """Find the parts' archives, by file name, in a folder; by file name.

    Raises UserError that names all that are missing, or one that is not the recorded one.
    """
    missing = [part for part in parts if not (source / part.file).is_file()]
    if missing:
        names = ", ".join(f"{part.file} ({part.origin})" for part in missing)
        raise UserError(f"{source} lacks {names}; put {'it' if len(missing) == 1 else 'them'} there")
    for part in parts:
        if reason := _difference(part, source / part.file):
            raise UserError(f"{source / part.file} {reason}; fetch it again from {part.origin}")
    return {part.file: source / part.file for part in parts}


def _sentence(part: Part, reason: str, way: str) -> str:
    settings = {
        "maven": "~/.m2/settings.xml or FACEKP_MAVEN",
        "google": f"add to the profiles of ~/.m2/settings.xml {maven.GOOGLE_PROFILE}",
        "pypi": "pip's settings",
        "debian": "apt's settings or FACEKP_DEBIAN",
        "npm": "npm's settings or FACEKP_NPM",
    }[part.registry]
    return (
        f"{part.file} cannot be fetched ({reason}); check the network and {settings}, "
        f"or fetch it elsewhere and name its folder with {way}"
    )


def _difference(part: Part, path: Path) -> str | None:
    """Why a file is not the part's archive; None where it is."""
    try:
        size = path.stat().st_size
        if size != part.bytes:
            return f"has {size} bytes instead of {part.bytes}"
        return None if sha256_of(path) == part.sha256 else "has another SHA-256 than the recorded one"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _refuse_other(part: Part, target: Path) -> None:
    if reason := _difference(part, target):
        target.unlink()
        raise ValueError(f"what came {reason}")


def _from_maven(part: Part, target: Path) -> None:
    path = maven.artifact_path(part.package, part.version, part.file)
    kept = maven.local_repository() / path
    if kept.is_file() and _difference(part, kept) is None:
        shutil.copyfile(kept, target)
        return
    _from_repository(part, target, maven.central())


def _from_google(part: Part, target: Path) -> None:
    """From the user's own Maven where that has what Google publishes, else from Google."""
    try:
        _from_maven(part, target)
    except (ValueError, OSError) as error:
        try:
            _from_repository(part, target, maven.google())
        except (ValueError, OSError) as other:
            raise ValueError(f"{error}; {other}") from None


def _from_repository(part: Part, target: Path, repository: maven.Repository) -> None:
    path = maven.artifact_path(part.package, part.version, part.file)
    _download(f"{repository.url}/{path}", target, part.bytes, repository.authorization)
    _refuse_other(part, target)


def _from_pip(part: Part, target: Path) -> None:
    """By pip's own settings: index, mirrors, certificates, cache."""
    pip = (
        [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else [shutil.which("pip3") or "pip"]
    )
    tag, abi = part.file.split("-")[2:4]
    platforms = part.file.removesuffix(".whl").split("-")[4].split(".")
    # A wheel of pure Python is the same for everybody; pip takes no `any` among tags of its own.
    tags = ["--implementation", tag[:2], "--python-version", tag[2:], "--abi", abi]
    tags += [f"--platform={platform}" for platform in platforms]
    command = [
        *pip, "download", "--quiet", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check",
        *(["--ignore-requires-python"] if platforms == ["any"] else tags),
        "--dest", str(target.parent), f"{part.package}=={part.version}",
    ]  # fmt: skip
    try:
        _run_client("pip", command, target, "ERROR")
    except FileNotFoundError:
        raise ValueError("pip is missing; install it with: python -m ensurepip") from None
    _refuse_other(part, target)


def _from_npm(part: Part, target: Path) -> None:
    """By npm's own settings where there is npm, else by plain HTTPS."""
    url, npm = os.environ.get("FACEKP_NPM"), shutil.which("npm")
    if url or npm is None:
        name = part.package.rpartition("/")[2]
        base = (url or _NPM).rstrip("/")
        _download(f"{base}/{part.package}/-/{name}-{part.version}.tgz", target, part.bytes)
    else:
        words = ["pack", "--silent", "--pack-destination", str(target.parent)]
        _run_client("npm", [npm, *words, f"{part.package}@{part.version}"], target)
    _refuse_other(part, target)


def _from_debian(part: Part, target: Path) -> None:
    """From Debian's pool: by apt's proxies and certificates where there is apt, else by plain HTTPS."""
    reasons = []
    for base in _debian_mirrors():
        url = f"{base}/{part.folder}/{part.file}"
        try:
            if Path(_APT_HELPER).is_file():
                _by_apt(url, target, part.sha256)
            else:
                _download(url, target, part.bytes)
            _refuse_other(part, target)
            return
        except (ValueError, OSError, subprocess.SubprocessError) as error:
            reasons.append(f"{base}: {error}")
    raise ValueError("; ".join(reasons))


def _debian_mirrors() -> list[str]:
    if url := os.environ.get("FACEKP_DEBIAN"):
        return [url.rstrip("/")]
    return list(dict.fromkeys([*_apt_mirrors(), *_DEBIAN]))


def _apt_mirrors() -> list[str]:
    """The archives of Debian's main distribution that this machine's apt is set up for."""
    form = "$(REPO_URI) $(ORIGIN) $(COMPONENT)"
    command = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_ANSWER_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return []  # no apt, or one that does not answer: Debian's own addresses remain
    rows = [line.split() for line in done.stdout.splitlines()]
    addresses = [row[0].rstrip("/") for row in rows if row[1:] == ["Debian", "main"]]
    return [address for address in addresses if address.endswith("/debian")]


def _by_apt(url: str, target: Path, sha256: str) -> None:
    command = [_APT_HELPER, "download-file", url, str(target), f"SHA256:{sha256}"]
    _run_client("apt-helper", command, target, "E:")


def _run_client(name: str, command: Sequence[str], target: Path, complaint: str = "") -> None:
    """Let a registry's client fetch `target`. Raises ValueError with its last line of complaint."""
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, timeout=_FETCH_SECONDS
    )
    if done.returncode or not target.is_file():
        target.unlink(missing_ok=True)
        lines = [line for line in done.stderr.strip().splitlines() if line.startswith(complaint)]
        raise ValueError(lines[-1] if lines else f"{name} ended with {done.returncode}")


def _download(url: str, target: Path, size: int, authorization: str | None = None) -> None:
    """Plain HTTP(S). Stops where more comes than the part holds."""
    transfer(
        url,
        target,
        most_bytes=size,
        answer_seconds=_ANSWER_SECONDS,
        whole_seconds=_FETCH_SECONDS,
        authorization=authorization,
    )

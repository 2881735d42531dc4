"""Runner, engine and libraries in one folder, ready to be pushed to a phone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from android_bench.phone.bundles.parts import Parts, load_parts
from facekp_train.common.console import UserError, say
from facekp_train.common.downloads.archives import load_alignment, read_members
from facekp_train.common.downloads.cache import cache_folder
from facekp_train.common.downloads.downloads import fetch, given
from facekp_train.common.downloads.parts import Part
from facekp_train.common.files import naming_folder, sha256_of
from facekp_train.common.held.folder import folder_beside

NAMES = ("bionic", "glibc", "onnxruntime")

# Every new runner makes new folders; by then nobody measures with those of the last one.
_UNUSED_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Bundle:
    """What a phone needs to run one kind of model.

    name: of NAMES. folder: flat, every file in it is pushed. files: name to SHA-256. origins: name to
    where it comes from, by public names. command: the head of the command line, relative to the folder
    on the phone. engine, gpu_library: for --engine and --gpu-library. page_alignment: bytes; a phone
    with larger memory pages cannot load it. versions: package to version.
    """

    name: str
    folder: Path
    files: dict[str, str]
    origins: dict[str, str]
    command: list[str]
    engine: str
    gpu_library: str | None
    page_alignment: int
    versions: dict[str, str]


def bundle(name: str, source: Path | None = None) -> Bundle:
    """The bundle `name` out of the cache, assembled there first where it is missing or damaged.

    source: a folder with the archives, for machines that reach no registry. Raises UserError where a
    part cannot be had, OSError where the cache cannot be written.
    """
    if source is not None and not source.is_dir():
        raise UserError(f"{source} is not a folder; give the folder that holds the archives with --from")
    parts = load_parts()
    if name not in parts.bundles:
        raise UserError(f"there is no bundle '{name}'; choose from {', '.join(NAMES)}")
    spec = parts.bundles[name]
    files = _expected(parts, name)
    folder = cache_folder() / f"{name}-{parts.digest(name, files[spec.runner])}"
    if not _whole(folder, files):
        _assemble(parts, name, files, folder, source)
        _forget_unused(name, folder)
    with contextlib.suppress(OSError):  # a cache that is only read
        os.utime(folder)
    origins = {member.file: part.origin for part in parts.of(name).values() for member in part.members}
    alignments = [load_alignment((folder / file).read_bytes()) for file in files]
    return Bundle(
        name=name,
        folder=folder,
        files=files,
        origins={**origins, spec.runner: "facekp"},
        command=list(spec.command),
        engine=spec.engine,
        gpu_library=spec.gpu_library,
        page_alignment=min(alignments),
        versions={part: parts.parts[part].version for part in spec.parts},
    )


def _expected(parts: Parts, name: str) -> dict[str, str]:
    """The files of a bundle with their hashes."""
    spec = parts.bundles[name]
    if not spec.runner_path.is_file():
        raise UserError(f"{spec.runner_path} is missing; run make native, or reinstall facekp")
    files = {spec.runner: sha256_of(spec.runner_path)}
    for part in parts.of(name).values():
        files |= {member.file: member.sha256 for member in part.members}
    return files


def _whole(folder: Path, files: dict[str, str]) -> bool:
    """Whether a folder holds these files, unchanged, and no others."""
    if not folder.is_dir() or {path.name for path in folder.iterdir()} != set(files):
        return False
    return all(sha256_of(folder / file) == digest for file, digest in files.items())


def _assemble(parts: Parts, name: str, files: dict[str, str], folder: Path, source: Path | None) -> None:
    """Make the folder, whole or not at all; another process may be making the same."""
    with naming_folder(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder_beside(folder.parent) as work:
            fresh = work / "bundle"
            fresh.mkdir()
            wanted = [part for part in parts.of(name).values() if not _reuse(part, folder.parent, fresh)]
            for part, archive in _archives(wanted, work, source):
                _unpack(part, archive, fresh)
            spec = parts.bundles[name]
            _write(fresh / spec.runner, spec.runner_path.read_bytes())
            _put_in_place(fresh, folder, files, work / "damaged")


def _forget_unused(name: str, present: Path) -> None:
    """Remove other versions of a bundle that were not used for a month."""
    for folder in present.parent.glob(f"{name}-{'[0-9a-f]' * 16}"):
        with contextlib.suppress(OSError):
            if folder != present and time.time() - folder.stat().st_mtime > _UNUSED_SECONDS:
                shutil.rmtree(folder)


def _put_in_place(fresh: Path, folder: Path, files: dict[str, str], damaged: Path) -> None:
    """Rename `fresh` to `folder`, unless another process was faster: what it made is the same."""
    if not _whole(fresh, files):
        raise UserError(
            f"what was just written to {folder.parent} cannot be read back unchanged; check the disk and "
            "try again"
        )
    if _whole(folder, files):
        return
    with contextlib.suppress(FileNotFoundError):
        folder.rename(damaged)
    try:
        fresh.rename(folder)
    except OSError:
        if not _whole(folder, files):
            raise


def _reuse(part: Part, cache: Path, folder: Path) -> bool:
    """Take a part's files from bundles made before: glibc is in two, engines outlive a new runner."""
    contents = {}
    for member in part.members:
        for path in cache.glob(f"*/{member.file}"):
            with contextlib.suppress(OSError):  # another process may be replacing that bundle
                if (content := path.read_bytes()) and hashlib.sha256(content).hexdigest() == member.sha256:
                    contents[member.file] = content
                    break
    if len(contents) < len(part.members):
        return False
    for file, content in contents.items():
        _write(folder / file, content)
    return True


def _archives(wanted: list[Part], work: Path, source: Path | None) -> list[tuple[Part, Path]]:
    if source is not None:
        files = given(wanted, source)
        return [(part, files[part.file]) for part in wanted]
    archives = []
    for part in wanted:
        say(f"fetching {part.origin} ({part.bytes / 1e6:.1f} MB)")
        archives.append((part, fetch(part, work)))
    return archives


def _unpack(part: Part, archive: Path, folder: Path) -> None:
    """Take a part's members out of its archive, each with the recorded hash."""
    try:
        contents = read_members(archive, [member.path for member in part.members])
    except ValueError as error:
        raise UserError(f"{part.origin}: {error}; fetch it again") from None
    for member in part.members:
        content = contents[member.path]
        if hashlib.sha256(content).hexdigest() != member.sha256:
            raise UserError(
                f"{part.origin}: {member.path} has another SHA-256 than the recorded one; fetch it again"
            )
        _write(folder / member.file, content)


def _write(target: Path, content: bytes) -> None:
    target.write_bytes(content)
    target.chmod(0o755)  # the runner is run, and so is glibc's loader

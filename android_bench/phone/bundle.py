"""Runner, engine and libraries in one folder, ready to be pushed to a phone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from android_bench.phone.archives import load_alignment, read_members
from android_bench.phone.downloads import fetch, given
from android_bench.phone.parts import Part, Parts, Recipe, load_parts
from facekp_train.console import UserError, err
from facekp_train.files import naming_folder, sha256_of

NAMES = ("bionic", "glibc", "onnxruntime")


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


def cache_folder() -> Path:
    """Where assembled bundles are kept: $FACEKP_CACHE, or the user's cache."""
    if folder := os.environ.get("FACEKP_CACHE"):
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "facekp" / "bundles"


def bundle(name: str, source: Path | None = None) -> Bundle:
    """The bundle `name` out of the cache, assembled there first where it is missing or damaged.

    source: a folder with the archives, for machines that reach no registry. Raises UserError where a
    part cannot be had, OSError where the cache cannot be written.
    """
    if source is not None and not source.is_dir():
        raise UserError(f"{source} is no folder; --from takes the folder that holds the archives")
    parts = load_parts()
    if name not in parts.bundles:
        raise UserError(f"there is no bundle '{name}'; choose {', '.join(NAMES)}")
    recipe = parts.bundles[name]
    files = _expected(parts, name)
    folder = cache_folder() / f"{name}-{parts.digest(name, files[recipe.runner])}"
    if not _whole(folder, files):
        _assemble(parts, name, files, folder, source)
    origins = {member.file: part.origin for part in parts.of(name).values() for member in part.members}
    alignments = [load_alignment((folder / file).read_bytes()) for file in files]
    return Bundle(
        name=name,
        folder=folder,
        files=files,
        origins={**origins, recipe.runner: "facekp"},
        command=list(recipe.command),
        engine=recipe.engine,
        gpu_library=recipe.gpu_library,
        page_alignment=min(alignments),
        versions={part: parts.parts[part].version for part in recipe.parts},
    )


def _expected(parts: Parts, name: str) -> dict[str, str]:
    """The files of a bundle with their hashes."""
    recipe = parts.bundles[name]
    if not recipe.runner_path.is_file():
        raise UserError(f"{recipe.runner_path} is missing; run make native, or reinstall facekp")
    files = {recipe.runner: sha256_of(recipe.runner_path)}
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
        work = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder.parent))
    try:
        fresh = work / "bundle"
        fresh.mkdir()
        for part, archive in _archives(parts, name, work, source):
            _unpack(part, archive, fresh)
        _add_runner(parts.bundles[name], fresh)
        if not _whole(fresh, files):
            raise UserError(
                f"the bundle {name} came out damaged in {folder.parent}; check the disk and try again"
            )
        with contextlib.suppress(FileNotFoundError):
            folder.rename(work / "damaged")
        try:
            fresh.rename(folder)
        except OSError:
            if not _whole(folder, files):  # else another process was faster; what it made is the same
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _archives(parts: Parts, name: str, work: Path, source: Path | None) -> list[tuple[Part, Path]]:
    needed = list(parts.of(name).values())
    if source is not None:
        found = given(needed, source)
        return [(part, found[part.file]) for part in needed]
    archives = []
    for part in needed:
        err.print(f"fetching {part.origin} ({part.bytes / 1e6:.1f} MB)", markup=False, soft_wrap=True)
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
        target = folder / member.file
        target.write_bytes(content)
        target.chmod(0o755)  # glibc's loader is itself run


def _add_runner(recipe: Recipe, folder: Path) -> None:
    target = folder / recipe.runner
    shutil.copyfile(recipe.runner_path, target)
    target.chmod(0o755)

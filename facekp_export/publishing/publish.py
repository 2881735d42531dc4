"""An export folder changes all at once, or not at all, and nothing in it that is not an export's is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from facekp_export.inference.metadata import read_info
from facekp_export.inference.runtimes import OPENERS
from facekp_export.publishing.kept_logs import LOG, keep_log, kept_logs
from facekp_export.publishing.staging import staging_folder
from facekp_export.verification.manifest import MANIFEST, Manifest, read_manifest
from facekp_export.verification.report import PICTURE, REPORT
from facekp_train.common.console import UserError, warn
from facekp_train.common.files import naming_folder, naming_full_disk, resolved, sha256_of, write_text
from facekp_train.common.shipped import CHECKPOINT

# Within the staging folder: what is to be published, what that replaces, and an empty file for each name
# that was not there before. As long as files lie in the first, the other two say how to undo the moves.
_NEW, _OLD, _ADDED = "new", "old", "added"


@contextmanager
def staging_for(out: Path, names: Collection[str]) -> Iterator[Path]:
    """A folder to build files in; they move into `out` when the block ends well.

    Files of an earlier export that this one does not make go; others stay. On an error `out` stays as it
    was; what a kill in the midst of moving left half done, the next call undoes before anything else. A
    failure keeps the converters' log beside `out`, and says so in the UserError that leaves the block.

    Args:
        out: the export's folder.
        names: of the files that will be built.

    Yields:
        The folder to build them in.

    Raises:
        UserError: before anything is built, where a folder or a stranger's file bears one of the names
            or another process writes to `out`.
        OSError: where nothing can be written.
    """
    place = resolved(out)
    with staging_folder(place, lambda left: _undo_moves(left, place)) as folder:
        _refuse_clashes(out, names, _unchanged(out, _manifest_of(out)))
        staging = folder / _NEW
        staging.mkdir()
        try:
            with naming_full_disk(out):
                yield staging
        except UserError as error:
            with suppress(OSError):
                kept = keep_log(staging / LOG, place)
                raise UserError(f"{error} (the converters' log: {kept})") from error.__cause__
            raise
        _publish(folder, out)
        for kept in kept_logs(place):
            kept.unlink(missing_ok=True)


def made_with(kinds: Collection[str], files: Collection[str]) -> set[str]:
    """Names of all that an export writes.

    Args:
        kinds: of its files, out of `KINDS`.
        files: names of its files.
    """
    return {*files, MANIFEST, REPORT, LOG, *([PICTURE] if "int8" in kinds else [])}


def publish_folder(out: Path, name: str, build: Callable[[Path], None]) -> Manifest:
    """Put a folder into an export, in place of the one that an earlier call put there, and into its manifest.

    On an error, or a kill, the export stays as it was, as for `staging_for`.

    Args:
        out: the export's folder.
        name: of the folder in it.
        build: makes the folder and its files at the path that it is given.

    Returns:
        The manifest with the folder's files.

    Raises:
        UserError: where `out` is no export, or holds files of that folder that no export made.
        OSError: where nothing can be written.
    """
    place = resolved(out)
    with staging_folder(place, lambda left: _undo_moves(left, place)) as folder:
        manifest = read_manifest(out)
        if manifest is None:
            raise UserError(f"{out} holds no export; make one with facekp-export --out {out}")
        _refuse_strangers(out / name, manifest.folders.get(name, {}))
        new = folder / _NEW
        with naming_full_disk(out):
            new.mkdir()
            build(new / name)
            manifest.folders[name] = _hashes(new / name)
            write_text(new / MANIFEST, manifest.model_dump_json(indent=2) + "\n")
        made = _names_in(new)
        try:
            _move(folder, out, made, {made_name for made_name in made if os.path.lexists(out / made_name)})
        except BaseException:
            _undo_moves(folder, out)
            raise
    return manifest


def folders_of(out: Path) -> dict[str, dict[str, str]]:
    """The folders that an earlier export's manifest lists; files of the export may change beside them."""
    before = _manifest_of(out)
    return {} if before is None else before.folders


def _refuse_strangers(path: Path, known: dict[str, str]) -> None:
    """Raise UserError where a folder that is to be replaced holds what no export put there."""
    if not os.path.lexists(path):
        return
    changed = {file for file, sha256 in _hashes(path).items() if known.get(file) != sha256}
    if not path.is_dir() or path.is_symlink() or changed:
        what = f"{path / min(changed)} is" if changed else f"{path} is"
        raise UserError(
            f"{what} not of an earlier export and would be lost; move it, or choose another --out"
        )


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() or path.is_symlink())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def _manifest_of(out: Path) -> Manifest | None:
    """The manifest of an earlier export; None where there is none that can be read."""
    try:
        return read_manifest(out)
    except ValueError:
        return None


def _made_before(before: Manifest | None) -> set[str]:
    """Names of an earlier export's files."""
    if before is None:
        return set()
    made = made_with([entry.kind for entry in before.files], [entry.file for entry in before.files])
    return made | _own_checkpoint(before).keys()


def _own_checkpoint(before: Manifest) -> dict[str, str]:
    """The checkpoint that an export wrote itself, as that of an untrained net does, and its hash."""
    return {CHECKPOINT: before.checkpoint_sha256} if before.untrained else {}


def _unchanged(out: Path, before: Manifest | None) -> set[str]:
    """Names of an earlier export's files without those models that are no longer what it wrote."""
    if before is None:
        return set()
    models = {entry.file: entry.sha256 for entry in before.files}
    return _made_before(before) - (_there(out, models) - _there(out, models, same=True))


def _there(out: Path, files: dict[str, str], same: bool = False) -> set[str]:
    """Those of a manifest's files, by name and hash, that lie in its folder; same: as they were written.

    A manifest names files of its own folder; anything else in it is not to be believed.
    """
    there = {name for name in files if Path(name).name == name and (out / name).is_file()}
    return {name for name in there if sha256_of(out / name) == files[name]} if same else there


def _refuse_clashes(out: Path, names: Collection[str], known: Collection[str]) -> None:
    """Raise UserError where something that no export made is in the way of one of the names."""
    for path in (out / name for name in sorted(names)):
        if path.is_dir():
            raise UserError(
                f"{path} is a folder where a file is to be written; move it, or choose another --out"
            )
        if path.exists() and path.name not in known and not _is_export(path):
            raise UserError(
                f"{path} is not of an earlier export and would be lost; move it, or choose another --out"
            )


def _is_export(path: Path) -> bool:
    try:
        return path.suffix in OPENERS and read_info(path) is not None
    except ValueError:
        return False


def _publish(folder: Path, out: Path) -> None:
    """Move the new files over the old ones, which wait aside: whatever fails, they come back."""
    before = _manifest_of(out)
    made = _names_in(folder / _NEW)
    _refuse_clashes(out, made, _unchanged(out, before))
    replaced = {name for name in made | _stale(out, before, made) if os.path.lexists(out / name)}
    fresh = not out.is_dir()
    with naming_folder(out):
        resolved(out).mkdir(exist_ok=True)
        try:
            _move(folder, out, made, replaced)
        except BaseException:
            _undo_moves(folder, out)
            if fresh:
                with suppress(OSError):
                    out.rmdir()
            raise
    for path in sorted(out.iterdir()):
        if path.suffix in OPENERS and path.name not in made:
            warn(f"{path} is not of this export and was left alone")


def _move(folder: Path, out: Path, made: set[str], replaced: set[str]) -> None:
    new, old, added = folder / _NEW, folder / _OLD, folder / _ADDED
    old.mkdir()
    added.mkdir()
    for name in made - replaced:
        (added / name).touch()
    # While the manifest is not there, what lies there is no export: it leaves first and arrives last.
    for name in reversed(_manifest_last(replaced)):
        (out / name).replace(old / name)
    for name in _manifest_last(made):
        (new / name).replace(out / name)


def _undo_moves(folder: Path, out: Path) -> None:
    """Bring `out` back to what it was before `_move`, wherever that, or this, was stopped.

    Nothing is done where every new file has moved: that export is whole.
    """
    new, old, added = folder / _NEW, folder / _OLD, folder / _ADDED
    if not _names_in(new):
        return
    for name in _names_in(added):
        if not os.path.lexists(new / name):
            _remove(out / name)
        (added / name).unlink()
    for name in _manifest_last(_names_in(old)):
        if (out / name).is_dir():  # a file is replaced
            _remove(out / name)
        (old / name).replace(out / name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _manifest_last(names: set[str]) -> list[str]:
    return sorted(names, key=lambda name: (name == MANIFEST, name))


def _stale(out: Path, before: Manifest | None, made: set[str]) -> set[str]:
    """Files of the earlier export that the new one does not make, unchanged since."""
    if before is None:
        return set()
    known = {entry.file: entry.sha256 for entry in before.files} | _own_checkpoint(before)
    unchanged = _there(out, {name: known[name] for name in known.keys() - made}, same=True)
    picture = {PICTURE} & _made_before(before) if (out / PICTURE).is_file() else set()
    return unchanged | picture - made

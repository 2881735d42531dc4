"""An export folder changes all at once, or not at all, and nothing in it that is not an export's is lost."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from facekp_export.manifest import MANIFEST, Manifest, read_manifest
from facekp_export.metadata import read_info
from facekp_export.report import PICTURE, REPORT
from facekp_export.runtimes import OPENERS
from facekp_export.staging import staging_folder
from facekp_train.console import UserError, err
from facekp_train.files import naming_folder, naming_full_disk, sha256_of

LOG = "export.log"


@contextmanager
def staging_for(out: Path, names: Collection[str]) -> Iterator[Path]:
    """A folder to build the files `names` in; they move into `out` when the block ends well.

    Files of an earlier export that this one does not make go; others stay. On an error or a kill
    `out` stays as it was. A failure keeps the converters' log beside `out`, and says so in the
    UserError that leaves the block.

    Raises UserError, before anything is built, where a folder or a stranger's file bears one of the
    names or another process writes to `out`, OSError where nothing can be written.
    """
    place = out.resolve()
    kept = place.parent / f"{place.name}.{LOG}"
    _refuse_clashes(out, names, _made_before(_manifest_of(out)))
    with staging_folder(place) as folder:
        staging = folder / "new"
        staging.mkdir()
        try:
            with naming_full_disk(out):
                yield staging
        except UserError as error:
            if (staging / LOG).exists():
                with suppress(OSError):
                    shutil.copyfile(staging / LOG, kept)
                    raise UserError(f"{error} (the converters' log: {kept})") from error.__cause__
            raise
        _publish(staging, out, folder / "old")
        kept.unlink(missing_ok=True)


def made_with(kinds: Collection[str], files: Collection[str]) -> set[str]:
    """Names of all that an export writes which has files of these kinds."""
    return {*files, MANIFEST, REPORT, LOG, *([PICTURE] if "int8" in kinds else [])}


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
    return made_with([entry.kind for entry in before.files], [entry.file for entry in before.files])


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


def _publish(staging: Path, out: Path, aside: Path) -> None:
    """Move the new files over the old ones, which wait in `aside`: whatever fails, they come back."""
    before = _manifest_of(out)
    made = {path.name for path in staging.iterdir()}
    _refuse_clashes(out, made, _made_before(before))
    stale = _stale(out, before, made)
    fresh = not out.is_dir()
    with naming_folder(out):
        out.resolve().mkdir(exist_ok=True)
        aside.mkdir()
        old = [(out / name, aside / name) for name in sorted(made | stale) if os.path.lexists(out / name)]
        # The manifest comes last: while it is not there, what lies there is no export.
        new = [(staging / name, out / name) for name in sorted(made, key=lambda n: (n == MANIFEST, n))]
        try:
            for source, target in old + new:
                source.replace(target)
        except BaseException:
            _undo(new)
            _undo(old)
            if fresh:
                out.rmdir()
            raise
    for path in sorted(out.iterdir()):
        if path.suffix in OPENERS and path.name not in made:
            err.print(
                f"warning: {path} is not of this export and was left alone", markup=False, soft_wrap=True
            )


def _undo(moves: list[tuple[Path, Path]]) -> None:
    for source, target in reversed(moves):
        if not os.path.lexists(source):
            target.replace(source)


def _stale(out: Path, before: Manifest | None, made: set[str]) -> set[str]:
    """Files of the earlier export that the new one does not make, unchanged since."""
    if before is None:
        return set()
    hashes = {entry.file: entry.sha256 for entry in before.files if entry.file not in made}
    # A manifest names files of its own folder; anything else in it is not to be believed.
    unchanged = {
        name
        for name, sha256 in hashes.items()
        if Path(name).name == name and (out / name).is_file() and sha256_of(out / name) == sha256
    }
    picture = {PICTURE} & _made_before(before) if (out / PICTURE).is_file() else set()
    return unchanged | picture - made

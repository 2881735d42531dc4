"""An export folder changes all at once, or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from facekp_export.manifest import MANIFEST, read_manifest
from facekp_train.console import UserError

LOG = "export.log"


@contextmanager
def staging_for(out: Path) -> Iterator[Path]:
    """A folder beside `out` to build in; its files move into `out` when the block ends well.

    On an error or a kill `out` stays as it was. A failure keeps the converters' log beside `out`, and
    says so in the UserError that leaves the block.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    kept = out.with_name(f"{out.name}.{LOG}")
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as name:
        staging = Path(name)
        try:
            yield staging
        except UserError as error:
            if not (staging / LOG).exists():
                raise
            (staging / LOG).replace(kept)
            raise UserError(f"{error} (the converters' log: {kept})") from error.__cause__
        _move(staging, out)
        kept.unlink(missing_ok=True)


def _move(staging: Path, out: Path) -> None:
    """Move files over the old ones, the manifest last, and drop those that only the old one lists."""
    try:
        before = read_manifest(out)
    except ValueError:
        before = None
    made = {path.name for path in staging.iterdir()}
    out.mkdir(exist_ok=True)
    for name in sorted(made, key=lambda name: (name == MANIFEST, name)):
        (staging / name).replace(out / name)
    listed = {entry.file for entry in before.files} if before else set()
    for stale in listed - made:
        (out / stale).unlink(missing_ok=True)

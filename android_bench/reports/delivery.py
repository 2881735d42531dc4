"""What becomes of records: files that can be written, and a sentence on those that are invalid."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from android_bench.records.record import Record
from android_bench.reports.formats import FORMATS
from facekp_train.common.console import UserError, say
from facekp_train.common.files import is_written_into, write_text, written_to
from facekp_train.common.run_files import refuse_sources


def check_targets(*targets: Path | None, sources: Iterable[Path] = ()) -> None:
    """Refuse what cannot be written before minutes are spent measuring.

    Args:
        targets: files to be written; None for what is not.
        sources: files, and folders of models, that are read.

    Raises:
        UserError: for what cannot be written.
        typer.BadParameter: for what is read.
    """
    refuse_sources(targets, sources)
    for target in targets:
        if target is None:
            continue
        if target.is_dir():
            raise UserError(f"{target} is a folder; name a file in it")
        try:
            file = written_to(target)
        except OSError as error:
            raise UserError(str(error)) from None
        if is_written_into(file):
            continue
        folder = next(parent for parent in file.absolute().parents if parent.exists())
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise UserError(f"{target} cannot be written: {folder} is not a folder that you can write to")


def write_files(
    records: Sequence[Record], files: Mapping[str, Path | None], documents: Sequence[str] = ()
) -> list[OSError]:
    """Write records in formats of `FORMATS`, and return what failed: one must not cost the others."""
    failures: list[OSError] = []
    for name, path in files.items():
        if path is None:
            continue
        try:
            write_text(path, FORMATS[name](records, documents))
            say(f"wrote {path}")
        except OSError as error:
            failures.append(error)
    return failures


def failures(records: Sequence[Record]) -> list[str]:
    """One sentence about the records that are invalid; none where there are none."""
    invalid = [record for record in records if not record.valid]
    if not invalid:
        return []
    first = f"{invalid[0].model} on {invalid[0].runtime}: {'; '.join(invalid[0].invalid_reasons)}"
    if len(records) == 1:
        return [first]
    return [f"{len(invalid)} of {len(records)} measurements are invalid; {first}"]

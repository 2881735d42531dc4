"""What is missing, measured: accuracy on labelled faces, times on this computer and on phones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from android_bench.decision.accuracy import from_manifests, measured
from android_bench.decision.join import Candidate, Sourced
from android_bench.records.record import Record
from facekp_export.verification.labelled import LabelledFaces

HERE = "measured by this command"


def add_accuracy(
    candidates: Sequence[Candidate], faces: LabelledFaces | None, normaliser: str | None = None
) -> None:
    """Measure each file on the faces, or take what the manifests say where there are none.

    A file that cannot be measured gets its `problem` in place of figures.

    Raises:
        ValueError: for a damaged manifest.
    """
    if faces is None:
        known = from_manifests({candidate.sha256: candidate.folders for candidate in candidates})
        for candidate in candidates:
            candidate.accuracy = known.get(candidate.sha256)
        return
    for candidate in candidates:
        _measure(candidate, faces, normaliser)


def _measure(candidate: Candidate, faces: LabelledFaces, normaliser: str | None) -> None:
    try:
        candidate.accuracy = measured(candidate.path, faces, normaliser)
    except ValueError as error:
        candidate.problem = str(error).removeprefix(f"{candidate.path}: ")


def unmeasured(
    candidates: Iterable[Candidate], known: Iterable[Sourced], same: Callable[[Record], bool]
) -> list[Path]:
    """The files of which no valid record is known that is of the device that `same` tells."""
    there = {each.record.sha256 for each in known if each.record.valid and same(each.record)}
    return [candidate.path for candidate in candidates if candidate.sha256 not in there]


def sourced(records: Iterable[Record], source: str = HERE) -> Iterator[Sourced]:
    """Records that come from one place."""
    return (Sourced(record, source) for record in records)

"""Published data sets, one file per format, each yielding `FaceSample`s lazily.

A data set is named on the command line as FORMAT:PATH or FORMAT:PATH@LIST, for example
`mtfl:data/mtfl`, `300w:data/300w`, `pts:photos@train.txt`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from facekp_train.datasets import mtfl, pts
from facekp_train.samples import FaceSample

Skip = Callable[[str, str], None]
"""Called with a file (or file:line) and a reason for everything that cannot be used."""


@dataclass(frozen=True)
class Format:
    """A published format: its reader, its splits (the first is the default), its keypoint count."""

    read: Callable[[Path, str, str | None, Skip], Iterator[FaceSample]]
    splits: tuple[str, ...]
    points: int | None


FORMATS: dict[str, Format] = {
    "mtfl": Format(mtfl.read, mtfl.SPLITS, 5),
    "pts": Format(pts.read, pts.SPLITS, None),
}


class DataError(ValueError):
    """A data set that is not what its name says, in one sentence with the remedy."""


@dataclass
class Dataset:
    """Faces of one split of one data set. Iterate it; `skipped` then lists what was left out.

    With `strict` the first bad row or image raises DataError instead.
    """

    spec: str
    format: Format
    root: Path
    split: str
    listing: str | None = None
    strict: bool = False
    skipped: list[dict[str, str]] = field(default_factory=list)

    def __iter__(self) -> Iterator[FaceSample]:
        self.skipped.clear()
        yield from self.format.read(self.root, self.split, self.listing, self.skip)

    def skip(self, file: str, reason: str) -> None:
        """Note something that cannot be used; under `strict`, stop."""
        if self.strict:
            raise DataError(f"{file}: {reason} (--strict stops here; without it the row is skipped)")
        self.skipped.append({"file": file, "reason": reason})


def open_dataset(spec: str, split: str | None = None, strict: bool = False) -> Dataset:
    """`FORMAT:PATH[@LIST]` -> a Dataset. Raises DataError for unknown formats, splits or paths."""
    name, colon, rest = spec.partition(":")
    if not colon or name not in FORMATS:
        raise DataError(f"'{spec}' is not FORMAT:PATH with a FORMAT of {', '.join(FORMATS)}")
    root, listing = Path(rest).expanduser(), None
    if not root.exists() and "@" in rest:
        before, _, listing = rest.rpartition("@")
        root = Path(before).expanduser()
    if not root.exists():
        raise DataError(f"{root} does not exist; give the folder of the data set in '{spec}'")
    known = FORMATS[name]
    if split is not None and split not in known.splits:
        raise DataError(f"{name} has no split '{split}'; it has {', '.join(known.splits)}")
    return Dataset(spec, known, root, split or known.splits[0], listing, strict)

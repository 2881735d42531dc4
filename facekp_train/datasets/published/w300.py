"""300W: 68 keypoints on AFW, HELEN, LFPW and IBUG, in the lists that papers report on.

train = AFW 337 + HELEN train 2,000 + LFPW train 811 = 3,148; common = HELEN test 330 + LFPW test 224
= 554; challenging = IBUG 135; full = common + challenging = 689. The folders are as the archives
unpack: afw, helen/trainset, helen/testset, lfpw/trainset, lfpw/testset, ibug.
Source: https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from facekp_train.datasets.reading.notes import Notes
from facekp_train.datasets.tools.pts import Pair, pairs_in, read_pairs
from facekp_train.pictures.folders import folders_below
from facekp_train.samples import FaceSample


@dataclass(frozen=True)
class _Folder:
    """One folder of the archives and how many faces the standard list has from it."""

    path: tuple[str, ...]
    faces: int

    def __str__(self) -> str:
        return "/".join(self.path)


@dataclass(frozen=True)
class _Place:
    """A folder below the root, and its files."""

    folder: Path
    files: list[Path]

    def ends_in(self, wanted: _Folder, root: Path) -> bool:
        parts = self.folder.relative_to(root).parts[-len(wanted.path) :]
        return tuple(part.lower() for part in parts) == wanted.path


_AFW = _Folder(("afw",), 337)
_HELEN_TRAIN = _Folder(("helen", "trainset"), 2000)
_HELEN_TEST = _Folder(("helen", "testset"), 330)
_LFPW_TRAIN = _Folder(("lfpw", "trainset"), 811)
_LFPW_TEST = _Folder(("lfpw", "testset"), 224)
_IBUG = _Folder(("ibug",), 135)

_LISTS = {
    "train": (_AFW, _HELEN_TRAIN, _LFPW_TRAIN),
    "common": (_HELEN_TEST, _LFPW_TEST),
    "challenging": (_IBUG,),
    "full": (_HELEN_TEST, _LFPW_TEST, _IBUG),
}
SPLITS = tuple(_LISTS)
PARTS = ("train", "common", "challenging")

# Archives unpacked each into a folder of its own lie deeper: afw/afw, 300w/helen/helen/trainset.
_DEEPEST = 4


def read(root: Path, split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Faces of one list, folder by folder. Mirrored copies (`*_mirror.*`) are left out.

    Warns for each folder that is missing or whose count is not the standard one. Raises
    FileNotFoundError where none of the list's folders is there, ValueError for a list of one's own.
    """
    if listing is not None:
        raise ValueError(
            f"300w reads its standard lists; read images of your own choice as pts:PATH@{listing}"
        )
    places = _found(root, _LISTS[split], notes)
    if not any(places.values()):
        names = ", ".join(map(str, places))
        raise FileNotFoundError(f"{root} has no .pts files in {names}, where 300W's '{split}' list lies")
    for folder, place in places.items():
        count = 0
        pairs = pairs_in(place.files, notes) if place else ()
        for sample in read_pairs(_unmirrored(pairs), notes, points=68):
            count += 1
            yield sample
        _compare(folder, count, place, notes)


def _compare(folder: _Folder, count: int, place: _Place | None, notes: Notes) -> None:
    if place is None:
        notes.warn(f"{folder} is missing: {folder.faces} faces of the standard list")
    elif count != folder.faces:
        notes.warn(f"{folder} gives {count} faces where the standard list has {folder.faces}")


def _unmirrored(pairs: Iterable[Pair]) -> Iterator[Pair]:
    for image, annotation in pairs:
        if not annotation.stem.lower().endswith("_mirror"):
            yield image, annotation


def _found(root: Path, wanted: Sequence[_Folder], notes: Notes) -> dict[_Folder, _Place | None]:
    """For each the folder with that path, in any case, nearest to the root, that holds annotations."""
    annotated = [
        _Place(folder, files)
        for folder, files in folders_below(root, _DEEPEST, notes.skip)
        if any(file.suffix.lower() == ".pts" for file in files)
    ]
    annotated.sort(key=lambda place: (len(place.folder.parts), place.folder))
    places: dict[_Folder, _Place | None] = {}
    for folder in wanted:
        found = [place for place in annotated if place.ends_in(folder, root)]
        if len(found) > 1:
            notes.warn(f"{folder} is there more than once; {found[0].folder} is used")
        places[folder] = found[0] if found else None
    return places

"""The data sets by name, each yielding `FaceSample`s lazily.

A data set is named on the command line as FORMAT:PATH or FORMAT:PATH@LIST, for example
`mtfl:data/mtfl`, `300w:data/300w`, `pts:photos@train.txt`; of annotation tools' files, LIST is the
photographs' folder.
A new format is one reader in `published` or `tools` and one line in FORMATS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from facekp_train.common.console import faces_in_words
from facekp_train.datasets.published import aflw, celeba, cofw, mtfl, w300, w300vw, wflw
from facekp_train.datasets.reading.label_check import LabelCheck
from facekp_train.datasets.reading.notes import DataError, Notes
from facekp_train.datasets.tools import (
    coco,
    cvat,
    detected,
    dlib_xml,
    label_studio,
    labelme,
    pts,
    table,
    via,
    yolo,
)
from facekp_train.samples import FaceSample, evenly

Reader = Callable[[Path, str, str | None, Notes], Iterator[FaceSample]]
"""(root, split, list file, notes) -> the faces of one split. Raises FileNotFoundError for no list."""


@dataclass(frozen=True)
class Format:
    """A published format.

    Attributes:
        read: yields the faces of one split.
        splits: all that can be asked for, the one to train on first.
        parts: splits that together hold every face once.
        evaluation: the split that figures are reported on.
        points: keypoints a face, None where the files say.
        file: whether PATH is one file, not a folder.
        row: the splits of a published table's row, all of them parts of `evaluation`, which is the last.
        attributes: the facts that its lists tell of a face, not of every split, and their values in
            order.
        fits: whether a file, or of formats that are no file a folder, is of this format; None where only
            its name tells.
        images: whether the photographs' folder can be told.
    """

    read: Reader
    splits: tuple[str, ...]
    parts: tuple[str, ...]
    evaluation: str
    points: int | None
    file: bool = False
    row: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fits: Callable[[Path], bool] | None = None
    images: bool = False


_SUFFIXES = (".json", ".xml", ".csv", ".yaml", ".yml")
_MOST = 50
"""Files of a folder that are looked at, at most."""


def _tool(read: Reader, fits: Callable[[Path], bool], file: bool = True) -> Format:
    """What an annotation tool writes."""
    return Format(read, ("all",), ("all",), "all", None, file=file, fits=fits, images=True)


FORMATS: dict[str, Format] = {
    "mtfl": Format(
        mtfl.read,
        mtfl.SPLITS,
        mtfl.PARTS,
        "validation",
        5,
        attributes=mtfl.ATTRIBUTES,
    ),
    "300w": Format(
        w300.read,
        w300.SPLITS,
        w300.PARTS,
        "full",
        68,
        row=("common", "challenging", "full"),
    ),
    "celeba": Format(celeba.read, celeba.SPLITS, celeba.PARTS, "heldout", 5),
    "aflw": Format(aflw.read, aflw.SPLITS, aflw.PARTS, "full", None, row=("frontal", "full")),
    "wflw": Format(
        wflw.read,
        wflw.SPLITS,
        wflw.PARTS,
        "test",
        98,
        row=(*wflw.SUBSETS, "test"),
        attributes=wflw.ATTRIBUTES,
    ),
    "cofw": Format(cofw.read, cofw.SPLITS, cofw.PARTS, "test", 29),
    "300vw": Format(w300vw.read, w300vw.SPLITS, w300vw.PARTS, "test", 68, row=w300vw.ROW),
    "pts": Format(pts.read, pts.SPLITS, pts.SPLITS, "all", None, fits=pts.fits),
    "coco": _tool(coco.read, coco.fits),
    "cvat": _tool(cvat.read, cvat.fits),
    "dlib": _tool(dlib_xml.read, dlib_xml.fits),
    "labelstudio": _tool(label_studio.read, label_studio.fits),
    "labelme": _tool(labelme.read, labelme.fits, file=False),
    "csv": _tool(table.read, table.fits),
    "via": _tool(via.read, via.fits),
    "yolo": Format(yolo.read, yolo.SPLITS, yolo.PARTS, "val", None, file=True, fits=yolo.fits),
    "detect": Format(detected.read, detected.SPLITS, detected.SPLITS, "all", None, file=True),
}


@dataclass
class Dataset:
    """Faces of one split of one data set; iterate it, as often as you like.

    After a pass `skipped` and `warnings` tell of that pass.

    Attributes:
        spec: FORMAT:PATH[@LIST], as it was given.
        format: what reads it.
        root: the folder or file.
        split: one of the format's splits.
        listing: the list file behind '@'.
        strict: raise DataError at the first bad row or image, instead of leaving it out.
        limit: yield so many faces at most, spread evenly over the split; None for all.
        notes: what `skipped` and `warnings` show.
    """

    spec: str
    format: Format
    root: Path
    split: str
    listing: str | None = None
    strict: bool = False
    limit: int | None = None
    notes: Notes = field(init=False)

    def __post_init__(self) -> None:
        self.notes = Notes(self.strict)

    def __iter__(self) -> Iterator[FaceSample]:
        self.notes.clear()
        faces = LabelCheck(self.notes, self.spec).of(self._read())
        yield from faces if self.limit is None else self._limited(list(faces), self.limit)

    def _read(self) -> Iterator[FaceSample]:
        """What the reader yields; a file that is another format's is said to be."""
        try:
            yield from self.format.read(self.root, self.split, self.listing, self.notes)
        except DataError as error:
            fits = self.format.fits
            others = FORMATS.items() if fits and self.root.is_file() and not fits(self.root) else ()
            told = [
                f"; it looks like {name}: {name}:{self.root}"
                for name, each in others
                if each.file and each.fits and each.fits(self.root)
            ]
            raise DataError(f"{error}{''.join(told[:1])}") from None

    def _limited(self, faces: Sequence[FaceSample], limit: int) -> Iterator[FaceSample]:
        """Some of the faces, which is said with the warnings."""
        if limit < len(faces):
            self.notes.warn(f"--limit: {limit:,} of {faces_in_words(len(faces))}, spread over the list")
        return (faces[place] for place in evenly(len(faces), limit))

    @property
    def skipped(self) -> list[dict[str, str]]:
        """Files and rows that could not be used, as {"file", "reason"}."""
        return self.notes.skipped

    @property
    def warnings(self) -> list[str]:
        """What a user should know about the faces that were read."""
        return self.notes.warnings

    def skip(self, file: str, reason: str) -> None:
        """Note something that cannot be used.

        Args:
            file: which file.
            reason: why not.

        Raises:
            DataError: under `strict`.
        """
        self.notes.skip(file, reason)


def annotation_files(folder: Path) -> list[Path]:
    """Files that may be annotations, of the folder and its `annotations`; not all of very many."""
    listed = [
        file for place in (folder, folder / "annotations") if place.is_dir() for file in place.iterdir()
    ]
    return sorted(file for file in listed if file.suffix.lower() in _SUFFIXES and file.is_file())[:_MOST]


def open_dataset(
    spec: str,
    split: str | None = None,
    strict: bool = False,
    images: Path | None = None,
    limit: int | None = None,
) -> Dataset:
    """Open a data set by its name on the command line.

    Args:
        spec: `FORMAT:PATH[@LIST]`.
        split: one of the format's splits; None for the one to train on.
        strict: as of `Dataset`.
        images: the photographs' folder, of a format that can be told; None to look for it.
        limit: as of `Dataset`.

    Returns:
        The faces, not yet read.

    Raises:
        DataError: for an unknown format or split, or images of a format that knows where they are.
        FileNotFoundError: for a folder or file that is missing.
    """
    name, colon, rest = spec.partition(":")
    if not colon or not rest or name.lower() not in FORMATS:
        hint = f"; facekp-train data {spec} tells it" if Path(spec).expanduser().exists() else ""
        near = get_close_matches(name.lower(), FORMATS, 1) if colon and rest else []
        meant = f"; '{near[0]}' may be meant" if near else hint
        raise DataError(f"'{spec}' is not FORMAT:PATH with a FORMAT of {', '.join(FORMATS)}{meant}")
    known = FORMATS[name.lower()]
    if split is not None and split not in known.splits:
        raise DataError(f"{name} has no split '{split}'; it has {', '.join(known.splits)}")
    root, listing = Path(rest).expanduser(), None
    if not root.exists() and "@" in rest:
        before, _, listing = rest.rpartition("@")
        root = Path(before).expanduser()
    if not (root.is_file() if known.file else root.is_dir()):
        wanted, other = ("file", "folder") if known.file else ("folder", "file")
        state = f"is a {other}" if root.is_file() or root.is_dir() else "is a pipe or a device"
        state = state if root.exists() else "does not exist"
        fitting = filter(known.fits, annotation_files(root)) if known.fits and root.is_dir() else iter(())
        told = next((f"{name}:{file}" for file in fitting), f"the {wanted} of the data set in '{spec}'")
        raise FileNotFoundError(f"{root} {state}; give {told}")
    if images is not None:
        if not known.images:
            told = ", ".join(name for name, each in FORMATS.items() if each.images)
            raise DataError(
                f"the folder of the photographs is named for {told} alone; {name} says where they are"
            )
        if not images.expanduser().is_dir():
            raise FileNotFoundError(f"{images} is no folder; give that of the photographs")
        listing = str(images)
    return Dataset(spec, known, root, split or known.splits[0], listing, strict, limit)


def check_split(specs: Sequence[str], split: str | None) -> None:
    """Refuse a split that none of the data sets has: it would silently mean another.

    Data sets of one split alone take any name: there is nothing to mistake.

    Args:
        specs: data sets as FORMAT:PATH.
        split: the name that was given, or None.

    Raises:
        DataError: naming the splits that there are.
    """
    formats = {spec.partition(":")[0].lower() for spec in specs} & FORMATS.keys()
    known = {name: FORMATS[name].splits for name in sorted(formats) if len(FORMATS[name].splits) > 1}
    if split is not None and known and not any(split in splits for splits in known.values()):
        have = "; ".join(f"{name} has {', '.join(splits)}" for name, splits in known.items())
        raise DataError(f"none of the data sets has a split '{split}': {have}")

"""300VW: 114 videos, each frame with 68 keypoints: one folder a video, `annot/000001.pts` a frame.

The frames lie in `vid.avi`, or where they were extracted in `imgs` (or `images`, `frames`,
`extraction`) under the annotations' numbers, which count from 1. Trained on are 50 videos; the 64
of the test are of three categories, from well-lit to arbitrary conditions.
Source: https://ibug.doc.ic.ac.uk/resources/300-VW/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from facekp_train.datasets.reading.notes import Notes
from facekp_train.datasets.tools.pts import Pair, read_pairs
from facekp_train.pictures.kinds import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from facekp_train.samples import FaceSample

_PUBLISHED = {
    "train": "001 002 003 004 007 009 010 011 013 015 016 017 018 019 020 022 025 027 028 029 031 033 034 "
    "035 037 039 041 043 044 046 047 048 049 053 057 059 112 113 115 119 120 123 138 143 144 160 204 205 "
    "223 225",
    "category1": "114 124 125 126 150 158 401 402 505 506 507 508 509 510 511 514 515 518 519 520 521 522 "
    "524 525 537 538 540 541 546 547 548",
    "category2": "203 208 211 212 213 214 218 224 403 404 405 406 407 408 409 412 550 551 553",
    "category3": "410 411 516 517 526 528 529 530 531 533 557 558 559 562",
}
PARTS = tuple(_PUBLISHED)
_CATEGORIES = PARTS[1:]
_LISTS = {name: videos.split() for name, videos in _PUBLISHED.items()}
_LISTS["test"] = sorted(video for name in _CATEGORIES for video in _LISTS[name])
SPLITS = (*_LISTS, "all")
"""`all` are the videos of every folder, also of those that no published list names."""
ROW = (*_CATEGORIES, "test")

_ROOTS = ("", "300VW_Dataset_2015_12_14", "300VW_Dataset_2015_12_14/300VW_Dataset_2015_12_14", "300VW")
_FRAME_FOLDERS = ("imgs", "images", "frames", "extraction")
_NAMED = 5


def read(root: Path, split: str, listing: str | None, notes: Notes) -> Iterator[FaceSample]:
    """Faces of one split, video by video and frame by frame; `video` is an attribute of each.

    Warns of videos that the split lacks, and of folders that no list names. Raises FileNotFoundError
    where there is none of its videos, ValueError for a list of one's own.
    """
    if listing is not None:
        raise ValueError(f"300vw reads its published lists; read frames of your own as pts:PATH@{listing}")
    folder = next((root / name for name in _ROOTS if any((root / name).glob("*/annot"))), root)
    found = sorted(place.parent.name for place in folder.glob("*/annot") if place.is_dir())
    wanted = found if split == "all" else [video for video in _LISTS[split] if video in found]
    if not wanted:
        raise FileNotFoundError(
            f"{root} has no folder NUMBER/annot with .pts files of 300VW's split '{split}'"
            + ("; --split all reads every folder" if found else "")
        )
    _compare(split, found, folder, notes)
    for video in wanted:
        for sample in read_pairs(_frames(folder / video, notes), notes, points=68):
            yield replace(sample, attributes={"video": video})


def _compare(split: str, found: list[str], folder: Path, notes: Notes) -> None:
    if split == "all":
        return
    missing = [video for video in _LISTS[split] if video not in found]
    if missing:
        notes.warn(
            f"{len(missing)} of the {len(_LISTS[split])} videos of '{split}' are missing: {_few(missing)}"
        )
    unknown = sorted(set(found) - {video for videos in _LISTS.values() for video in videos})
    if unknown:
        notes.warn(f"{folder} has videos of no published list, which --split all reads: {_few(unknown)}")


def _few(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


def _frames(video: Path, notes: Notes) -> Iterator[Pair]:
    """Every frame with its annotation, in their order; what has no partner is noted."""
    folder, images = _extracted(video)
    annotations = _numbered(video / "annot", (".pts",))
    film = next((file for file in sorted(video.glob("vid.*")) if file.suffix.lower() in VIDEO_SUFFIXES), None)
    if images and 0 in images and 0 not in annotations:
        notes.warn(
            f"{folder} counts its frames from 0 and the annotations count from 1, so that each keypoint "
            f"may be a frame late; extract them again: ffmpeg -i vid.avi {folder.name}/%06d.jpg"
        )
    for number, annotation in sorted(annotations.items()):
        if number in images:
            yield images[number], annotation
        elif not images and film:
            yield film / f"{number:06}", annotation
        else:
            notes.skip(
                annotation, f"no frame {number} lies in {folder}" + ("" if images else ", and no vid.avi")
            )
    for number in sorted(images.keys() - annotations.keys()):
        notes.skip(images[number], "no .pts file has its number")


def _extracted(video: Path) -> tuple[Path, dict[int, Path]]:
    """The folder of a video's frames, by their numbers; they may also lie beside the annotations."""
    for folder in (*(video / name for name in _FRAME_FOLDERS), video / "annot"):
        if images := _numbered(folder, PICTURE_SUFFIXES):
            return folder, images
    return video / _FRAME_FOLDERS[0], {}


def _numbered(folder: Path, suffixes: tuple[str, ...]) -> dict[int, Path]:
    """Files by the number that their name ends in."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    ends = ((re.search(r"(\d+)$", file.stem), file) for file in files if file.suffix.lower() in suffixes)
    return {int(number[1]): file for number, file in ends if number and not file.name.startswith("._")}

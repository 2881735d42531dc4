"""Small sound files of every published list: two faces, on pictures that are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.support.files import aflw_files
from tests.support.files.annotated_faces import face_like, picture
from tests.support.files.packed_files import write_mat

BOX, POSE = (20, 30, 90, 110), (0.1, 0.2, 0.3)
_NAMES = ("a.png", "b.png")


@dataclass(frozen=True)
class Listed:
    """files: what they hold, by their paths. split: of the data set. pictures: their paths."""

    files: dict[str, str]
    split: str
    pictures: tuple[str, ...]


def _places(points: int, seed: int) -> np.ndarray:
    return (face_like(points, seed) * 100 + 20).round(2)


def _words(*values: object) -> str:
    return " ".join(map(str, values))


def _mtfl() -> Listed:
    lines = [
        _words(f"lfw\\{name}", 10, 130, 10, 130, *_places(5, seed).ravel().tolist())
        for seed, name in enumerate(_NAMES)
    ]
    file = {"trainImageList.txt": "\n".join(lines) + "\n"}
    return Listed(file, "train", tuple(f"lfw/{name}" for name in _NAMES))


def _mtfls_own() -> Listed:
    lines = [
        _words(name, *(_places(5, seed).T + 1).ravel().tolist(), 1, 2, 2, 3)
        for seed, name in enumerate(_NAMES)
    ]
    return Listed({"training.txt": "\n".join(lines) + "\n"}, "training", _NAMES)


def _celeba() -> Listed:
    columns = _words(
        *(f"{p}_{a}" for p in ("lefteye", "righteye", "nose", "leftmouth", "rightmouth") for a in "xy")
    )
    rows = [_words(name, *_places(5, seed).ravel().tolist()) for seed, name in enumerate(_NAMES)]
    files = {
        "Anno/list_landmarks_celeba.txt": "\n".join(["2", columns, *rows]) + "\n",
        "Anno/list_bbox_celeba.txt": "2\nimage_id x_1 y_1 width height\n"
        "a.png 10 10 120 130\nb.png 9 9 90 99\n",
        "Eval/list_eval_partition.txt": "a.png 0\nb.png 0\n",
    }
    return Listed(files, "train", tuple(f"Img/img_celeba/{name}" for name in _NAMES))


def _wflw() -> Listed:
    lines = [
        _words(*_places(98, seed).ravel().tolist(), 10, 10, 130, 140, 0, 1, 0, 1, 0, 1, name)
        for seed, name in enumerate(_NAMES)
    ]
    file = {"WFLW_annotations/list_98pt_rect_attr_train.txt": "\n".join(lines) + "\n"}
    return Listed(file, "train", tuple(f"WFLW_images/{name}" for name in _NAMES))


def _w300() -> Listed:
    text = {}
    for seed, name in enumerate(_NAMES):
        rows = "\n".join(f"{x + 1} {y + 1}" for x, y in _places(68, seed).tolist())
        text[f"afw/{Path(name).stem}.pts"] = f"version: 1\nn_points: 68\n{{\n{rows}\n}}\n"
    return Listed(text, "train", tuple(f"afw/{name}" for name in _NAMES))


TEXTS = {"mtfl": _mtfl(), "mtfl's own": _mtfls_own(), "celeba": _celeba(), "wflw": _wflw(), "300w": _w300()}
DAMAGED = [(name, file) for name, listed in TEXTS.items() for file in listed.files]


def write(folder: Path, name: str, file: str, content: bytes) -> str:
    """Write a data set's files with that content in the one to damage; returns what `open_dataset` takes."""
    listed = TEXTS[name]
    for image in listed.pictures:
        picture(folder / image, 170, 160)
    for other, text in listed.files.items():
        (folder / other).parent.mkdir(parents=True, exist_ok=True)
        (folder / other).write_bytes(content if other == file else text.encode())
    return f"{name.partition(chr(39))[0]}:{folder}"


def database(folder: Path) -> Path:
    """AFLW's database with its pictures."""
    aflw_files.pictures(folder)
    faces = [
        {
            "path": name,
            "points": aflw_files.face(21, seed).tolist(),
            "placed": range(21),
            "box": BOX,
            "pose": POSE,
        }
        for seed, name in enumerate(aflw_files.NAMES)
    ]
    aflw_files.write_database(folder / aflw_files.DATABASE, faces)
    return folder / aflw_files.DATABASE


def cofw(folder: Path) -> Path:
    """COFW's file of the test faces."""
    rows = [np.concatenate([_places(29, seed).T.ravel() + 1, np.zeros(29)]) for seed in (0, 1)]
    boxes = np.tile([11.0, 12, 90, 95], (2, 1))
    pixels = [np.full((120, 130, 3), 90, np.uint8)] * 2
    folder.mkdir(parents=True, exist_ok=True)
    write_mat(folder / "COFW_test_color.mat", {"IsT": pixels}, {"phisT": np.stack(rows), "bboxesT": boxes})
    return folder / "COFW_test_color.mat"


BINARIES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "aflw": (database, "train"),
    "cofw": (cofw, "test"),
}

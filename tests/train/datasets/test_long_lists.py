"""Lists of a million rows: the first face at once, and memory that does not grow with the rows."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_train.datasets import open_dataset
from tests.support.files.annotated_faces import face_like

MILLION = 1_000_000
_PICTURE = cv2.imencode(".png", np.zeros((99, 99, 3), np.uint8))[1].tobytes()


def five(row: int) -> str:
    """Five points that no other row has."""
    return f"{row / 1000} 20 40 21 30 30 22 40 39 41"


def mtfl(folder: Path, rows: int) -> str:
    """Faces of one photograph, in both of MTFL's training lists."""
    (folder / "a.jpg").write_bytes(_PICTURE)
    with (folder / "trainImageList.txt").open("w") as boxed, (folder / "training.txt").open("w") as own:
        for row in range(rows):
            boxed.write(f"a.jpg 5 60 5 60 {five(row)}\n")
            own.write(f" a.jpg {five(row)} 1 2 2 3\n")
    return f"mtfl:{folder}"


def celeba(folder: Path, rows: int) -> str:
    (folder / "img_align_celeba").mkdir()
    (folder / "img_align_celeba" / "a.jpg").write_bytes(_PICTURE)
    with (
        (folder / "list_landmarks_align_celeba.txt").open("w") as points,
        (folder / "list_eval_partition.txt").open("w") as partition,
    ):
        for row in range(rows):
            points.write(f"a.jpg {five(row)}\n")
            partition.write("a.jpg 0\n")
    return f"celeba:{folder}"


def wflw(folder: Path, rows: int) -> str:
    (folder / "a.jpg").write_bytes(_PICTURE)
    others = " ".join(f"{value:.1f}" for value in (face_like(98)[5:] * 85 + 5).ravel())
    with (folder / "list_98pt_rect_attr_train.txt").open("w") as lines:
        for row in range(rows):
            lines.write(f"{five(row)} {others} 5 5 60 60 0 0 0 0 0 0 a.jpg\n")
    return f"wflw:{folder}"


def pts(folder: Path, rows: int) -> str:
    """A list of photographs; each has to have a name of its own."""
    text = "n_points: 5\n{\n" + five(0) + "\n}\n"
    (folder / "a.pts").write_text(text)
    (folder / "a.jpg").write_bytes(_PICTURE)
    with (folder / "list.txt").open("w") as lines:
        for row in range(rows):
            if row < 10_000:
                (folder / f"{row}.jpg").hardlink_to(folder / "a.jpg")
                (folder / f"{row}.pts").hardlink_to(folder / "a.pts")
            lines.write(f"{row}.jpg\n")
    return f"pts:{folder}@list.txt"


EVERY_LIST = pytest.mark.parametrize("write", [mtfl, celeba, wflw, pts])


@contextmanager
def peak() -> Iterator[Callable[[], int]]:
    """The most bytes that Python held inside the block, so far."""
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@EVERY_LIST
def test_memory_does_not_grow_with_the_rows(write: Callable[[Path, int], str], tmp_path: Path) -> None:
    """Some fifty bytes a row at most, to know it again; a face or a line of a list is larger by far."""
    rows = 3_000
    dataset = open_dataset(write(tmp_path, rows))
    with peak() as most:
        faces = iter(dataset)
        assert sum(1 for _ in islice(faces, rows // 4)) == rows // 4
        before = most()
        assert sum(1 for _ in faces) == rows - rows // 4
        assert most() - before < 70 * rows
    assert dataset.skipped == []


@pytest.mark.slow
@EVERY_LIST
def test_the_first_face_of_a_million_comes_within_a_second(
    write: Callable[[Path, int], str], tmp_path: Path
) -> None:
    """In the processor's time, which other work on the machine does not lengthen."""
    # A row of 98 points is long: fewer fill the disk as much.
    dataset = open_dataset(write(tmp_path, MILLION if write is not wflw else MILLION // 10))
    with peak() as most:
        start = time.process_time()
        next(iter(dataset))
        assert time.process_time() - start < 1
        assert most() < 4 << 20

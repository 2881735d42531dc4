"""Files that hold many photographs, tiny and in their true forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

_HEADER = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Mon Jan  1 00:00:00 2024 HDF5 schema 1.00 ."


def write_mat(
    file: Path, cells: Mapping[str, Sequence[np.ndarray]], matrices: Mapping[str, np.ndarray] | None = None
) -> None:
    """A MATLAB file of version 7.3: N x 1 cell arrays of arrays, and matrices.

    As MATLAB writes it: HDF5 behind 512 bytes that say so, axes reversed, cells as references
    to what lies in `#refs#`.
    """
    h5py = pytest.importorskip("h5py", reason="needs facekp[train]")

    with h5py.File(file, "w", userblock_size=512) as content:
        store = content.create_group("#refs#")
        for name, arrays in cells.items():
            references = content.create_dataset(name, (1, len(arrays)), h5py.ref_dtype)
            references.attrs["MATLAB_class"] = np.bytes_(b"cell")
            for place, pixels in enumerate(arrays):
                held = store.create_dataset(f"{name}{place}", data=pixels.T)
                held.attrs["MATLAB_class"] = np.bytes_(pixels.dtype.name.encode())
                references[0, place] = held.ref
        for name, matrix in (matrices or {}).items():
            content.create_dataset(name, data=matrix.T).attrs["MATLAB_class"] = np.bytes_(b"double")
    with file.open("r+b") as stream:
        stream.write(_HEADER.ljust(116) + bytes(8) + b"\x00\x02IM")


def write_video(file: Path, frames: int, codec: str = "XVID", size: tuple[int, int] = (64, 48)) -> None:
    """A video whose frame number N, from 1, is a reddish field of the mean gray 10 N."""
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*codec), 25, size)
    assert writer.isOpened()
    for number in range(1, frames + 1):
        field = np.full((size[1], size[0], 3), 10 * number, np.uint8)
        field[..., 2] += 4
        field[..., 0] -= 4
        writer.write(field)
    writer.release()

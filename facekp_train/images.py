"""Photographs that lie inside another file: a cell of a MATLAB file, a frame of a video.

Their paths go on behind that file as if it were a folder: `COFW_test_color.mat/IsT/7` is the cell
IsT{7}, `vid.avi/000012` the twelfth frame. Both count from 1, as MATLAB and 300VW do. Imports
neither torch nor tensorflow.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from facekp_train.common.console import require
from facekp_train.common.guarded import refuse_harmful
from facekp_train.pictures.decoding import read_picture
from facekp_train.pictures.films import Film, nothing_read
from facekp_train.pictures.kinds import VIDEO_SUFFIXES
from facekp_train.samples import Image

_Reader = Callable[[Path, tuple[str, ...]], Image]

# What OpenCV opens at most of any other image.
_MOST_PIXELS = 1 << 30


def read_packed(path: Path) -> Image | None:
    """The photograph that lies inside another file.

    Args:
        path: goes on behind that file as if it were a folder.

    Returns:
        uint8 [H, W, 3] RGB; None where the path leads through no such file.

    Raises:
        OSError: in one sentence, for what the file does not hold.
        UserError: where a library to read it is missing.
    """
    file = next((parent for parent in path.parents if parent.is_file()), None)
    read = None if file is None else _READERS.get(file.suffix.lower())
    if file is None or read is None:
        return None
    return read(file, path.relative_to(file).parts)


def open_mat(file: Path) -> Any:
    """Open a MATLAB file of version 7.3, which is HDF5.

    Args:
        file: its path.

    Returns:
        An h5py.File to close.

    Raises:
        OSError: for another file.
        UserError: where h5py is missing.
    """
    require("train", "h5py")
    about = file.stat()
    # A clock, or whoever copied the file, may have set the time of a change; nobody sets that of the entry.
    _refuse_harmful_mat(file, (about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns))
    return _opened_mat(file)


@lru_cache(maxsize=64)
def _refuse_harmful_mat(file: Path, _as_it_stands: tuple[int, ...]) -> None:
    """Once for each file as it stands: every cell of it is opened by itself."""
    try:
        refuse_harmful(file, f"{__name__}:read_whole_mat", ("h5py", "numpy"))
    except ValueError as error:
        raise OSError(str(error)) from None


def read_whole_mat(file: Path) -> None:
    """Read everything in a MATLAB file of version 7.3. Raises OSError for another file."""
    with _opened_mat(file) as content:

        def read(_name: str, item: Any) -> None:
            if hasattr(item, "shape"):
                item[()]

        with suppress(Exception):  # damage that has words is met by whoever reads that part
            content.visititems(read)


def _opened_mat(file: Path) -> Any:
    import h5py

    try:
        return h5py.File(file, "r")
    except OSError:
        raise OSError(f"{file}: not a MATLAB file of version 7.3 (HDF5), or cut short") from None


def _mat_cell(file: Path, inside: tuple[str, ...]) -> Image:
    """Cell NUMBER of the cell array VARIABLE, H x W (x 3) of uint8; HDF5 has the axes reversed."""
    where = f"{file}/{'/'.join(inside)}"
    with open_mat(file) as content:
        # Damage comes as whatever the library stumbles over.
        try:
            variable, number = inside
            cells = content[variable][()].ravel()
            cell = content[cells[_counted(number)]]
            good = cell.dtype == np.uint8 and cell.ndim in (2, 3) and 0 < cell.size < _MOST_PIXELS
            pixels = np.asarray(cell[()]).T if good else None
        except Exception as error:
            raise OSError(f"{where}: cannot be read ({type(error).__name__}: {error})") from None
    if pixels is not None and pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    if pixels is None or pixels.shape[2] != 3:
        raise OSError(f"{where}: not a photograph, which is H x W or H x W x 3 of uint8")
    return np.ascontiguousarray(pixels)


class _Reel(threading.local):
    """The video that this thread has open, and how many frames of it were passed."""

    file: Path | None = None
    film: Film | None = None
    passed: int = 0


_reel = _Reel()


def _video_frame(file: Path, inside: tuple[str, ...]) -> Image:
    """Frame NUMBER, by counting: seeking lands beside it in some codecs. Forwards it is fast."""
    try:
        (number,) = inside
        place = _counted(number)
    except ValueError:
        raise OSError(f"{file}/{'/'.join(inside)}: a frame is named by its number, from 1") from None
    if _reel.film is None or _reel.file != file or place < _reel.passed:
        _reel.file, _reel.passed, _reel.film = file, 0, Film(file)
    film = _reel.film
    while _reel.passed < place and film.skip():
        _reel.passed += 1
    frame = film.read() if _reel.passed == place else None
    if film.changed:
        raise OSError(film.changed)
    if frame is None and not _reel.passed:
        raise OSError(nothing_read(file))
    if frame is None:
        raise OSError(f"{file}: holds {_reel.passed} frames that can be read, and no frame {place + 1}")
    _reel.passed += 1
    return frame


def _counted(number: str) -> int:
    """The place from 0 of a number from 1. Raises ValueError for any other word."""
    if not number.isdecimal() or int(number) < 1:
        raise ValueError(f"'{number}' is not a number of 1 or more")
    return int(number) - 1


_READERS: dict[str, _Reader] = {".mat": _mat_cell} | dict.fromkeys(VIDEO_SUFFIXES, _video_frame)


def read_image(path: Path) -> Image:
    """Read a photograph, turned upright by its EXIF orientation.

    Args:
        path: an image file, or a path into a file that holds many.

    Returns:
        uint8 [H, W, 3] RGB.

    Raises:
        OSError: in one sentence, for a file that is missing, empty or no image.
        UserError: where a library to read the file that it lies in is missing.
    """
    try:
        return read_picture(path)
    except NotADirectoryError:
        if (packed := read_packed(path)) is not None:
            return packed
        raise OSError(f"{path}: cannot be read (Not a directory)") from None

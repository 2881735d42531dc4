"""A hidden folder to build in, held by its process: killed ones' are cleared, two at once refused."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from facekp_train.common.console import UserError
from facekp_train.common.files import naming_folder
from facekp_train.common.held.folder import cleared, held_folder

_MARK = "facekp-export builds here; what a killed one left goes with the next export\n"
# What mkdtemp adds to a prefix: a longer rest belongs to a place whose name begins with this one's.
_RANDOM = "?" * 8


@contextmanager
def staging_folder(place: Path, recover: Callable[[Path], None]) -> Iterator[Path]:
    """A folder on the disk of `place`, the folder to be written; it goes with the block.

    Inside `place` where that exists: it may be a disk of its own, and files can only be renamed
    within one. What killed processes left goes, after `recover` has taken from it what is to be kept.
    Raises UserError where another process is writing to `place`, OSError where nothing can be written.
    """

    def recovered(left: Path) -> None:
        with naming_folder(left.parent):
            recover(left)

    beside = place if place.is_dir() else place.parent
    prefix = f".{place.name}-"
    pattern = glob.escape(prefix) + _RANDOM
    with ExitStack() as stack:
        with naming_folder(beside):
            beside.mkdir(parents=True, exist_ok=True)
            folder = stack.enter_context(held_folder(beside, prefix, _MARK))
        # The first export to a place builds beside it, and may have been killed when it was there.
        left = [other for where in {beside, place.parent} for other in where.glob(pattern)]
        for other in left:
            if other != folder and other.is_dir() and not cleared(other, _MARK, recovered):
                raise UserError(
                    f"another export is being written to {place}; wait for it, or choose another folder"
                )
        yield folder

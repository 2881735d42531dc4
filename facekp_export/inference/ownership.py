"""An engine's model belongs to the thread that opened it, and goes to another process by its path."""

from __future__ import annotations

import threading
from pathlib import Path


class OfOneThread:
    """What engines of models have in common: neither threads nor copies share what one of them computes.

    Args:
        path: the model file.
        threads: of one call.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self.path, self.threads = path, threads
        self._owner = threading.current_thread()

    def check_thread(self) -> None:
        """Raise RuntimeError in any thread but the one that opened the model."""
        if threading.current_thread() is not self._owner:
            raise RuntimeError(
                f"{self.path} was opened by another thread, and one model computes in one thread alone; open "
                "a KeypointDetector in each thread, which costs little"
            )

    def __reduce__(self) -> tuple[type[OfOneThread], tuple[Path, int]]:
        """Pickled and copied as its path: whoever gets it opens the file anew."""
        return type(self), (self.path.absolute(), self.threads)

"""What the converters of a failed export said, kept beside where it would have gone."""

from __future__ import annotations

import os
from pathlib import Path

LOG = "export.log"
_LOG_MARK = "facekp-export: what the converters of a failed export said\n"
_MOST_LOGS = 100


def _log_places(place: Path) -> list[Path]:
    """Where a failure's log is kept: the first place that is not the user's."""
    return [place.parent / f"{place.name}{number}.{LOG}" for number in ("", *range(2, _MOST_LOGS))]


def kept_logs(place: Path) -> list[Path]:
    """The logs that failures have left, each known by its first line."""
    return [path for path in _log_places(place) if _is_kept_log(path)]


def _is_kept_log(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return not path.is_symlink() and file.read(len(_LOG_MARK)) == _LOG_MARK.encode()
    except OSError:
        return False


def keep_log(log: Path, place: Path) -> Path:
    """Keep the converters' log beside the export. Raises OSError where there is none, or no place."""
    content = log.read_bytes()
    for path in _log_places(place):
        if not os.path.lexists(path) or _is_kept_log(path):
            path.unlink(missing_ok=True)
            with path.open("xb") as file:
                file.write(_LOG_MARK.encode() + content)
            return path
    raise OSError(f"{place.parent}: full of logs")

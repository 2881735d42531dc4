"""The forms that faces are written in, by the names of their readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from facekp_train.datasets.writing import coco, cvat, label_studio
from facekp_train.datasets.writing.written import Entry
from facekp_train.schemes import Scheme

Writer = Callable[[Path, Iterable[Entry], Scheme | None, dict[str, Any] | None], int]
"""(file, faces, their scheme, facts of the whole) -> how many faces."""

WRITERS: dict[str, Writer] = {"coco": coco.write, "cvat": cvat.write, "labelstudio": label_studio.write}

"""What the library is compiled against and tested with: the app's archives and parts.json's, fetched once."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from android_bench.app.parts import load_parts
from facekp_train.common.downloads.archives import read_members
from facekp_train.common.downloads.cache import cache_folder
from facekp_train.common.downloads.downloads import fetch
from facekp_train.common.downloads.parts import Part, StrictModel

COMPILER = (
    "kotlin-compiler-embeddable", "kotlin-stdlib", "kotlin-script-runtime", "kotlin-reflect",
    "kotlin-daemon-embeddable", "kotlin-build-tools-api", "kotlinx-coroutines-core-jvm", "annotations",
)  # fmt: skip
PHONE = ("tensorflow-lite", "tensorflow-lite-api", "tensorflow-lite-gpu", "tensorflow-lite-gpu-api")
"""AARs whose classes the library is compiled against."""
ENGINE = ("tensorflow-lite-jvm", "tflite-native-cpu")
"""An engine for this machine, and the classes that go with it."""
RUN = ("kotlin-stdlib", "junit", "hamcrest-core")


class _List(StrictModel):
    parts: dict[str, Part]


_OWN = _List.model_validate_json(Path(__file__).with_name("parts.json").read_bytes()).parts
_PARTS = load_parts() | _OWN


def archive(name: str) -> Path:
    """Where a part's archive lies, fetched where it is missing. Raises UserError where it cannot be had."""
    part = _PARTS[name]
    kept = cache_folder() / "app" / part.sha256[:16] / part.file
    if not kept.is_file() or kept.stat().st_size != part.bytes:
        kept.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".new-", dir=kept.parent))
        try:
            fetch(part, work).replace(kept)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return kept


def member(name: str, folder: Path) -> Path:
    """The first file that is taken out of a part's archive, an AAR's classes, written into a folder."""
    wanted = _PARTS[name].members[0]
    target = folder / wanted.file
    if not target.is_file():
        target.write_bytes(read_members(archive(name), [wanted.path])[wanted.path])
    return target

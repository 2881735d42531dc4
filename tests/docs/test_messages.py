"""The sentences for users that the code holds."""

from __future__ import annotations

import pytest

from docs.generate.messages import messages

_FOUND = messages()


@pytest.mark.parametrize(
    ("path", "kind", "part"),
    [
        ("facekp_train/crop.py", "error", "a crop needs a finite box with a positive side, not {...}"),
        ("facekp_train/datasets/published/mtfl.py", "warning", "which has no boxes"),
        ("facekp_export/commands/check.py", "help", "Measure exported files again"),
        ("facekp_train/commands/options.py", "help", "Change one setting of the recipe"),
        ("android_bench/phone/adb/find.py", "text", "no phone is connected; plug one in"),
    ],
)
def test_sentences_are_found(path: str, kind: str, part: str) -> None:
    assert any(kind == one and part in text for one, text in _FOUND[path])

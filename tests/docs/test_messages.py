"""The sentences for users: complete, American, help that begins with a capital, plain words."""

from __future__ import annotations

import re

import pytest

from docs.generate.messages import messages
from tests.support.files.doc_pages import BRITISH

_FOUND = messages()
_QUAINT = re.compile(
    r"cannot be had|process is at\b|the same (line|command) goes on|\bno word\b|stands in for|\bmend\b"
    r"|\banew\b|which is no\b|of no use"
)


@pytest.mark.parametrize(
    ("path", "kind", "part"),
    [
        ("facekp_train/crop.py", "error", "a crop needs a finite box with a positive side, not {...}"),
        ("facekp_train/datasets/published/mtfl.py", "warning", "which has no boxes"),
        ("facekp_export/commands/check.py", "help", "Check exported files by"),
        ("facekp_train/commands/options.py", "help", "Change one setting of the recipe"),
        ("android_bench/phone/adb/find.py", "text", "no phone is connected; plug one in"),
    ],
)
def test_sentences_are_found(path: str, kind: str, part: str) -> None:
    assert any(kind == one and part in text for one, text in _FOUND[path])


def test_help_begins_with_a_capital() -> None:
    helps = [text for found in _FOUND.values() for kind, text in found if kind == "help"]
    assert len(helps) > 100
    assert not [text for text in helps if not text[0].isupper()]


@pytest.mark.parametrize("path", _FOUND)
def test_sentences_are_plain_and_american(path: str) -> None:
    # Names of keys and fields stay as files have them.
    texts = [re.sub(r"\w+_\w+|'\w+'", "", text) for _, text in _FOUND[path]]
    assert not [text for text in texts if BRITISH.search(text) or _QUAINT.search(text)]

"""Files appear whole or not at all."""

from __future__ import annotations

import hashlib
import json
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_train.common.files import parse_json, sha256_of, write_text, written_aside


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a file.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError), written_aside(target) as aside:
        aside.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a file.txt"]


def test_a_new_file_has_the_mode_of_any_new_file(tmp_path: Path) -> None:
    write_text(tmp_path / "ours", "x")
    (tmp_path / "plain").write_text("x")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "plain")}
    assert len(modes) == 1


@pytest.mark.parametrize("folder", ["file", "file/deeper"])
def test_a_folder_that_cannot_be_written_is_named_and_no_temporary_file(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=rf"^{tmp_path / folder}: nothing can be written there") as caught:
        write_text(tmp_path / folder / "a.txt", "x")
    assert ".a-" not in str(caught.value)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs Linux's /proc, where nobody writes")
def test_proc_is_named_without_the_temporary_file(tmp_path: Path) -> None:
    with pytest.raises(
        OSError, match=r"^/proc: nothing can be written there \([^.]*\); choose another folder$"
    ):
        write_text(Path("/proc/a.png"), "x")


def test_sha256(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9000
    (tmp_path / "data").write_bytes(data)
    assert sha256_of(tmp_path / "data") == hashlib.sha256(data).hexdigest()


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda x: st.lists(x) | st.dictionaries(st.text(), x),
)


@given(documents)
def test_json_is_read_as_ever(document: object) -> None:
    assert parse_json(json.dumps(document)) == document


def test_deep_json_is_refused_whatever_the_recursion_limit() -> None:
    """Converters raise the limit for the whole process; brackets inside strings do not count."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        for bomb in ("[" * 200_000, '{"a":' * 100_000, '["\\"", ' + "[" * 100_000):
            with pytest.raises(ValueError, match="nested deeper"):
                parse_json(bomb)
    finally:
        sys.setrecursionlimit(before)
    harmless = {"text": "[" * 100_000 + '"' + "{" * 10, "wide": [[]] * 1000}
    assert parse_json(json.dumps(harmless)) == harmless

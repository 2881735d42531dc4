"""The page on reliability counts what is there: kinds are its rows, tests those that pytest collects."""

from __future__ import annotations

import pytest

from docs.generate.reliability import PAGE, TESTS, counted, named_in


def test_every_kind_has_a_row() -> None:
    named = {name for row in named_in(PAGE.read_text(encoding="utf-8")) for name in row}
    assert {path.stem for path in (TESTS / "kinds").rglob("test_*.py")} <= named


@pytest.mark.slow
def test_kinds_and_tests_are_counted() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert counted(page) == page, "run make reference and commit what it writes"


@pytest.mark.parametrize(
    ("row", "says"),
    [("test_wide_photographs", "two rows name"), ("test_no_such_kind", "there is no")],
)
def test_a_row_that_counts_nothing_of_its_own_is_named(row: str, says: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match=f"{says} {row}"):
        counted(f"{page}\n| another kind | what happens | 1 | {row} |\n")

"""What the lists' readers share: numbers, rows met twice, lists read side by side."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_train.datasets.reading.rows import Beside, SeenRows, first_found, stated_size, to_numbers

rows = st.lists(st.tuples(st.sampled_from("abc"), st.binary(max_size=2)), max_size=60)


@given(rows)
def test_rows_met_twice_are_told_with_their_first_place(given_rows: list[tuple[str, bytes]]) -> None:
    seen = SeenRows()
    found = [seen.first(row, place) for place, row in enumerate(given_rows, 1)]
    assert found == [given_rows.index(row) + 1 for row in given_rows]


def test_a_hundred_thousand_rows_are_remembered_in_little_room() -> None:
    seen, count = SeenRows(), 100_000
    tracemalloc.start()
    places = [seen.first(("a long name of a photograph", b"%d" % place), place) for place in range(1, count)]
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held - sys.getsizeof(places) - 36 * count < 52 * count
    assert places == list(range(1, count))
    for place in (1, 2, 1000, 99_999):
        assert seen.first(("a long name of a photograph", b"%d" % place), 7) == place


@given(st.permutations([("a", 1), ("b", 2), ("c", 3), ("c", 4)]))
def test_a_list_beside_may_be_in_any_order(order: list[tuple[str, int]]) -> None:
    beside = Beside(iter(order))
    assert (beside.of("b"), beside.of("a"), beside.of("gone")) == (2, 1, None)


def test_two_faces_of_a_photograph_take_their_own_rows() -> None:
    beside = Beside(iter([("a", 1), ("a", 2), ("b", 3)]))
    assert [beside.of(name) for name in ("a", "a", "b")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("x", "is not a number"), ("", "is not a number"), ("1,5", "is not a number"),
        ("nan", "is not a finite number"), ("-inf", "is not a finite number"),
        ("1e39", "of 1e\\+39 pixels is larger than"), ("-2000000", "of 2e\\+06 pixels is larger than"),
    ],
)  # fmt: skip
def test_what_can_be_no_coordinate_is_refused(field: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        to_numbers(["1", field, "2"])


@pytest.mark.parametrize("name", ["x" * 300, "\0", "\ud800"], ids=["too long", "no text", "half a letter"])
def test_a_name_that_no_file_can_have_is_not_found(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").touch()
    assert first_found(tmp_path, ["", "images"], [name]) is None
    assert first_found(tmp_path, ["images", ""], [name, "there"]) == tmp_path / "there"


def test_coordinates_beside_a_photograph_are_coordinates() -> None:
    np.testing.assert_array_equal(to_numbers(["-7.5", "1e5", "0"]), [-7.5, 1e5, 0])


@pytest.mark.parametrize(
    ("stated", "side"),
    [
        (512, 512), (512.0, 512), ("512", 512), (10**400, 10**12), ("9" * 400, -1), (1e308, 10**12),
        (-(10**400), -(10**12)), (512.5, -1), (True, None), (None, None), ("", None),
        (float("nan"), None), (float("inf"), -1),
    ],
)  # fmt: skip
def test_a_side_is_read_as_programs_write_it_and_none_is_too_large_to_compute_with(
    stated: object, side: int | None
) -> None:
    assert stated_size(stated, 5) == (None if side is None else (side, 5))

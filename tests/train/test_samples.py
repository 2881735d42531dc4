"""Places taken evenly from a list."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from facekp_train.samples import evenly


@given(size=st.integers(0, 50), count=st.integers(1, 60))
def test_evenly_takes_from_first_to_last(size: int, count: int) -> None:
    places = evenly(size, count).tolist()
    assert len(places) == min(size, count)
    assert places == sorted(set(places))
    if len(places) > 1:
        assert (places[0], places[-1]) == (0, size - 1)

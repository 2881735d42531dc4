"""The choice against brute force: whatever the figures and limits, the same front and the same file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from android_bench.decision.choose import Choice, Figures, Limits, choose, loss

MACHINES: tuple[str, ...] = ("one", "two")
# Few values, so that files tie and lie exactly on limits.
TIMES, ERRORS, SIZES = (1.0, 2.0, 3.0), (4.0, 4.08, 4.4), (1_000_000, 2_000_000)


@st.composite
def files(draw: st.DrawFn) -> list[Figures]:
    some = st.tuples(
        st.sampled_from(SIZES),
        st.none() | st.sampled_from(ERRORS),
        st.dictionaries(st.sampled_from(MACHINES), st.sampled_from(TIMES)),
    )
    return [Figures(str(n), *each) for n, each in enumerate(draw(st.lists(some, max_size=7)))]


limits = st.builds(
    Limits,
    max_ms=st.none() | st.sampled_from(TIMES),
    max_mb=st.none() | st.sampled_from((1.0, 2.0)),
    max_nme_loss=st.sampled_from((0.0, 2.0, 100.0)),
    allow_missing=st.booleans(),
)


def by_force(files: list[Figures], machines: tuple[str, ...], limits: Limits) -> tuple[set[str], set[str]]:
    """The front, and every file that may be recommended."""
    known = [f for f in files if machines and all(m in f.times_ms for m in machines)]
    known = [f for f in known if f.nme is not None or limits.allow_missing]
    costs = {f.sha256: (max(f.times_ms[m] for m in machines), f.nme or 1e9, f.bytes) for f in known}

    def beaten(mine: tuple[float, ...]) -> bool:
        return any(
            all(a <= b for a, b in zip(its, mine, strict=True))
            and any(a < b for a, b in zip(its, mine, strict=True))
            for its in costs.values()
        )

    front = {sha256 for sha256, mine in costs.items() if not beaten(mine)}
    errors = [f.nme for f in files if f.nme is not None]
    fit = {
        f.sha256
        for f in known
        if f.sha256 in front
        and (limits.max_ms is None or costs[f.sha256][0] <= limits.max_ms)
        and (limits.max_mb is None or f.bytes <= limits.max_mb * 1e6)
        and (f.nme is None or loss(f.nme, min(errors)) <= limits.max_nme_loss)
    }
    fastest = min((costs[sha256][0] for sha256 in fit), default=None)
    return front, {sha256 for sha256 in fit if costs[sha256][0] == fastest}


@given(files(), st.sampled_from((MACHINES, ("one",), ())), limits)
def test_as_brute_force(files: list[Figures], machines: tuple[str, ...], limits: Limits) -> None:
    choice = choose(files, machines, limits)
    front, best = by_force(files, machines, limits)
    assert choice.front == front
    assert choice.recommended in best or (choice.recommended is None and not best)
    # What is neither recommended nor dominated has its reason.
    within = {f.sha256 for f in files} - choice.out.keys()
    assert best <= within
    assert not choice.out.keys() & best


def of(nme: float | None, one: float | None, size: int = 1_000_000, **times: float) -> Figures:
    known: Mapping[str, float] = {**({} if one is None else {"one": one}), **times}
    return Figures(f"{nme} {one} {size}", size, nme, known)


def chosen(*files: Figures, machines: tuple[str, ...] = ("one",), **limits: Any) -> Choice:
    return choose(files, machines, Limits(**limits))


def test_the_slowest_machine_decides_and_a_file_needs_a_time_on_each() -> None:
    fast_here, even, half = of(4.0, 1.0, two=9.0), of(4.0, 3.0, two=3.0), of(4.0, 0.5)
    choice = chosen(fast_here, even, half, machines=MACHINES)
    assert choice.recommended == even.sha256
    assert choice.out == {half.sha256: "no valid time on two"}


def test_an_unknown_nme_is_no_excuse_for_being_dominated() -> None:
    unknown, bad, good = of(None, 2.0, 2_000_000), of(9.0, 1.0), of(5.0, 10.0)
    assert chosen(unknown, bad, good, allow_missing=True).recommended == good.sha256
    assert chosen(unknown, good, allow_missing=True).recommended == unknown.sha256
    assert chosen(unknown, good).recommended == good.sha256
    assert chosen(unknown).out == {unknown.sha256: "no NME"}


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"max_ms": 0.5}, "above 0.5 ms"),
        ({"max_mb": 0.9}, "above 0.9 MB"),
        ({"max_ms": 0.5, "max_mb": 0.9}, "above 0.5 ms, above 0.9 MB"),
    ],
)
def test_what_keeps_no_limit_says_which(limits: dict[str, Any], why: str) -> None:
    file = of(4.0, 1.0)
    choice = chosen(file, **limits)
    assert (choice.recommended, choice.out) == (None, {file.sha256: why})


def test_the_loss_is_from_the_best_file_even_if_that_has_no_time() -> None:
    best, other = of(4.0, None), of(4.4, 1.0)
    assert chosen(best, other).out[other.sha256] == "more than 2 % NME above the best"
    assert chosen(best, other, max_nme_loss=10).recommended == other.sha256

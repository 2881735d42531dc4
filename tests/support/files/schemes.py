"""Schemes that no version of facekp knows, of five points and of any number."""

from __future__ import annotations

from hypothesis import strategies as st

from facekp_train.schemes import Scheme

MOUTH = Scheme(
    "mouth-5",
    ("left corner", "right corner", "upper lip", "lower lip", "chin"),
    (1, 0, 2, 3, 4),
    {"mouth_width": ((0,), (1,)), "mouth_height": ((2,), (3,))},
    lines=((0, 2, 1, 3, 0),),
)
"""Five points like the published `five`, of which it shares neither flip order, lines, nor normalisers."""

_identifiers = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
_printable = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=64)


@st.composite
def schemes(draw: st.DrawFn) -> Scheme:
    """Any scheme of 2 to 40 points."""
    points = draw(st.integers(2, 40))
    place = st.integers(0, points - 1)
    places = st.lists(place, min_size=1, max_size=4).map(tuple)
    ends = st.tuples(places, places).filter(lambda pair: set(pair[0]) != set(pair[1]))
    five = st.tuples(places, places, places, places, places)
    return Scheme(
        name=draw(_identifiers),
        names=tuple(draw(st.lists(_printable, min_size=points, max_size=points, unique=True))),
        flip=_involution(draw(st.permutations(range(points))), draw(st.integers(0, points // 2))),
        normalisers=draw(st.dictionaries(_identifiers.filter(lambda n: n != "box"), ends, max_size=3)),
        box_source=draw(st.sampled_from(["tight", "tight5", "tight19"])),
        lines=tuple(draw(st.lists(st.lists(place, min_size=2, max_size=6).map(tuple), max_size=5))),
        five=draw(st.none() | five),
    )


def _involution(order: list[int], pairs: int) -> tuple[int, ...]:
    """The first places of a shuffled order change in pairs, the others stay."""
    flip = list(range(len(order)))
    for a, b in zip(order[0 : 2 * pairs : 2], order[1 : 2 * pairs : 2], strict=True):
        flip[a], flip[b] = b, a
    return tuple(flip)

"""Plots: marks that can be read where dots lie close together, notes that are not cut off."""

from __future__ import annotations

import itertools
import math
import re

from android_bench.reports import svg


def test_marks_of_near_dots_do_not_cover_one_another() -> None:
    near = [(1.0, 3.52), (1.02, 3.52), (1.04, 3.53), (1.06, 3.52), (1.0, 3.54), (4.0, 3.3), (4.02, 3.3)]
    plot = svg.scatter([svg.Dot(x, y, str(n), "") for n, (x, y) in enumerate(near, 10)], "ms", "%")
    marks = re.findall(r'class="mark" x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)"', plot)
    shift = {"start": 7, "middle": 0, "end": -7}  # two letters, half of them
    centers = [(float(x) + shift[anchor], float(y) - 4) for x, y, anchor in marks]
    assert len(centers) == len(near)
    assert min(math.dist(a, b) for a, b in itertools.combinations(centers, 2)) > 9


def test_a_note_has_the_room_that_it_needs() -> None:
    long = "7436 / 8034 emulated"
    plot = svg.rows([svg.Row("a", [1.0], 1.0, 2.0, long), svg.Row("b", [], None, None, "invalid")], "ms")
    place = re.search(rf'<text x="([\d.]+)"[^>]*>{long}', plot)
    assert place and float(place[1]) + 6.5 * len(long) < svg.WIDTH

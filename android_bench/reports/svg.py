"""Plots as SVG text, so that the base install draws them: points, runs of measurements, curves.

Colors are classes of the page that holds them (`html.STYLE`), so that a plot follows its theme.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from android_bench.reports.names import rounded
from facekp_train.common.console import plain

WIDTH = 640
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 12, 44
_ROW = 26
_MOST_RUNS = 400
"""Marks in a row: more cannot be told apart, and make a page that no browser opens."""
_CORNERS = ((8, -6), (-8, -6), (8, 14), (-8, 14), (0, -11), (0, 20), (13, 4), (-13, 4))
"""Where a mark may stand beside its dot: where most room is left by other dots and marks."""
_LETTER = 7
"""Width of a letter, at most."""
_SHADES = 8
"""Classes `s0` to `s7` of the page."""


@dataclass(frozen=True)
class Dot:
    """A point of a scatter. mark: a few letters beside it. strong: filled, else a ring."""

    x: float
    y: float
    mark: str
    title: str
    shade: int = 0
    strong: bool = True


@dataclass(frozen=True)
class Row:
    """The runs of one measurement. note: what stands behind them, such as the percentiles."""

    title: str
    runs: Sequence[float]
    middle: float | None
    high: float | None
    note: str
    shade: int = 0


@dataclass(frozen=True)
class Line:
    """A curve. dashed: of an emulated processor, whose times say nothing."""

    title: str
    points: Sequence[tuple[float, float]]
    shade: int = 0
    dashed: bool = False


def scatter(dots: Sequence[Dot], x_label: str, y_label: str, height: int = 320) -> str:
    """Points in a plane. Empty text for none."""
    if not dots:
        return ""
    across = _Scale([d.x for d in dots], _LEFT, WIDTH - _RIGHT)
    up = _Scale([d.y for d in dots], height - _BOTTOM, _TOP)
    parts = [*_grid_across(across, height - _BOTTOM, _TOP), *_grid_up(up)]
    centers = [(across(dot.x), up(dot.y)) for dot in dots]
    taken = list(centers)
    for dot, (x, y) in zip(dots, centers, strict=True):
        right, down = _roomiest(dot.mark, x, y, taken)
        taken.append(_middle(dot.mark, x, y, right, down))
        anchor = "start" if right > 0 else "end" if right else "middle"
        shade = f"s{dot.shade % _SHADES}{'' if dot.strong else ' ring'}"
        parts.append(
            f'<circle class="{shade}" cx="{x:.1f}" cy="{y:.1f}" r="6">'
            f"<title>{text_of(dot.title)}</title></circle>"
            f'<text class="mark" x="{x + right:.1f}" y="{y + down:.1f}" text-anchor="{anchor}">'
            f"{text_of(dot.mark)}</text>"
        )
    return _svg(parts, height, x_label, y_label)


def _roomiest(mark: str, x: float, y: float, taken: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """The corner of a dot whose mark lies farthest from all that is taken, the first of equal ones."""
    others = [place for place in taken if place != (x, y)]

    def room(corner: tuple[int, int]) -> float:
        own = _middle(mark, x, y, *corner)
        return min((math.dist(own, other) for other in others), default=0.0)

    return max(_CORNERS, key=lambda corner: min(room(corner), 4 * _LETTER))


def _middle(mark: str, x: float, y: float, right: int, down: int) -> tuple[float, float]:
    half = _LETTER * len(mark) / 2
    return x + right + math.copysign(half, right) * bool(right), y + down - 4


def rows(lines: Sequence[Row], x_label: str) -> str:
    """Every run as a tick, a row a measurement, with its median and 95th percentile. Empty text for none."""
    if not lines:
        return ""
    left, right = 210, WIDTH - 16 - _LETTER * max(13, *(len(line.note) for line in lines))
    ends = [0.0, *(end for line in lines for end in (line.middle, line.high) if end is not None)]
    # A few runs that waited for another program would leave nothing of the rest.
    across = _Scale([*ends, 1.15 * max(ends)], left, right)
    bottom = _TOP + _ROW * len(lines)
    parts = _grid_across(across, bottom, _TOP)
    for number, line in enumerate(lines):
        y = _TOP + _ROW * (number + 0.5)
        ticks = "".join(
            f"M{across(run):.1f} {y - 7:.1f}v14" for run in _thinned(line.runs) if run <= across.high
        )
        parts.append(
            f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{text_of(_short(line.title, 30))}'
            f"<title>{text_of(line.title)}</title></text>"
        )
        if ticks:
            parts.append(f'<path class="run l{line.shade % _SHADES}" d="{ticks}"/>')
        if line.middle is not None:
            x = f"{across(line.middle):.1f}"
            parts.append(f'<circle class="s{line.shade % _SHADES}" cx="{x}" cy="{y:.1f}" r="4.5"/>')
            if line.high is not None:
                whisker = f"M{x} {y:.1f}H{across(line.high):.1f}m0 -5v10"
                parts.append(f'<path class="whisker" d="{whisker}"/>')
        parts.append(f'<text x="{right + 8}" y="{y + 4:.1f}">{text_of(line.note)}</text>')
    return _svg(parts, bottom + _BOTTOM, x_label, "", (left + right) / 2)


def curves(lines: Sequence[Line], x_label: str, y_label: str, height: int = 280) -> str:
    """Lines over a common pair of axes, from 0 up, with a legend below. Empty text for none."""
    lines = [line for line in lines if line.points]
    if not lines:
        return ""
    across = _Scale([x for line in lines for x, _ in line.points], _LEFT, WIDTH - _RIGHT)
    up = _Scale([0.0, *(y for line in lines for _, y in line.points)], height - _BOTTOM, _TOP)
    parts = [*_grid_across(across, height - _BOTTOM, _TOP), *_grid_up(up)]
    for number, line in enumerate(lines):
        path = "L".join(f"{across(x):.1f} {up(y):.1f}" for x, y in line.points)
        shade = f"l{line.shade % _SHADES}{' dashed' if line.dashed else ''}"
        y = height + 8 + 18 * number
        parts.append(f'<path class="curve {shade}" d="M{path}"/>')
        parts.append(f'<path class="curve {shade}" d="M{_LEFT} {y}h24"/>')
        parts.append(f'<text x="{_LEFT + 32}" y="{y + 4}">{text_of(line.title)}</text>')
    return _svg(parts, height + 18 * len(lines), x_label, y_label, axis=height)


def text_of(text: str) -> str:
    """Text as HTML and SVG show it, whatever it holds."""
    return escape(plain(text))


class _Scale:
    """Values to pixels, from the first tick to the last one around all values."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        low, high = min(values), max(values)
        if high - low < 1e-9 * max(abs(high), 1e-9):
            low, high = low - (abs(low) or 1) * 0.1, high + (abs(high) or 1) * 0.1
        step = 10.0 ** math.floor(math.log10((high - low) / 4))
        step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= 6)
        first, last = math.floor(low / step), math.ceil(high / step)
        self.ticks = [number * step for number in range(first, last + 1)]
        self.low, self.high = self.ticks[0], self.ticks[-1]
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        return self._start + (value - self.low) / (self.high - self.low) * (self._end - self._start)


def _grid_across(scale: _Scale, bottom: float, top: float) -> list[str]:
    return [
        f'<path class="grid" d="M{scale(tick):.1f} {top}V{bottom}"/>'
        f'<text x="{scale(tick):.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{_tick(tick)}</text>'
        for tick in scale.ticks
    ]


def _grid_up(scale: _Scale) -> list[str]:
    return [
        f'<path class="grid" d="M{_LEFT} {scale(tick):.1f}H{WIDTH - _RIGHT}"/>'
        f'<text x="{_LEFT - 6}" y="{scale(tick) + 4:.1f}" text-anchor="end">{_tick(tick)}</text>'
        for tick in scale.ticks
    ]


def _tick(value: float) -> str:
    return f"{value:.10g}" if abs(value) < 1e-12 or abs(value) >= 1e-4 else rounded(value)


def _svg(
    parts: Sequence[str],
    height: float,
    x_label: str,
    y_label: str,
    middle: float = WIDTH / 2,
    axis: float = 0,
) -> str:
    name = " over ".join(label for label in (y_label, x_label) if label)
    below = (axis or height) - 8
    labels = f'<text x="{middle:.0f}" y="{below:.0f}" text-anchor="middle">{text_of(x_label)}</text>'
    if y_label:
        center = (_TOP + (axis or height) - _BOTTOM) / 2
        labels += f'<text transform="translate(14 {center:.0f}) rotate(-90)" text-anchor="middle">'
        labels += f"{text_of(y_label)}</text>"
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{text_of(name)}">'
        f"{''.join(parts)}{labels}</svg>"
    )


def _thinned(runs: Sequence[float]) -> list[float]:
    step = max(1, math.ceil(len(runs) / _MOST_RUNS))
    return list(runs[::step])


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2 - 1]}…{text[-most // 2 :]}"

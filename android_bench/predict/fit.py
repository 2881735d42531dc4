"""The predictor's two unknowns, from the paper's table 6, and how far it errs there.

The paper names neither the runtime nor the threads of its phones, and its small nets take far longer than
their multiplications: a fiftieth of ResNet-50's in a fifth of its time. Therefore

    time = T * (fixed + (1 - fixed) * roofline / ResNet-50's roofline)

with T, the phone's own time for ResNet-50, and `fixed`, the share of it that every net pays: one number for
all phones.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from android_bench.predict.roofline import roofline_ms
from android_bench.predict.socs import SOCS, Soc
from facekp_export.inference.layers import Layer
from facekp_train.common.files import package_file
from facekp_train.evaluation.published import published_phones

FITTED, JUDGED = "ResNet-50", ("1X", "0.25X")
"""Rows of the paper's table 6: that each phone's speed comes from, and those that judge the predictor."""


@dataclass(frozen=True)
class Judged:
    """A time of the paper that took no part in its own prediction.

    Attributes:
        soc: whose time.
        net: of the paper.
        paper_ms: what the paper measured.
        predicted_ms: with the phone's own ResNet-50, and the fixed share fitted on the other phones.
        error: predicted / paper - 1.
        without_fixed: the same error for a predictor without a fixed share.
    """

    soc: str
    net: str
    paper_ms: float
    predicted_ms: float
    error: float
    without_fixed: float


@lru_cache(maxsize=1)
def paper_nets() -> dict[str, tuple[Layer, ...]]:
    """The operators of the nets of table 6 as float32 files at 128 x 128, from nets.json.

    The paper's own files were never published: these are ours of the same names.
    """
    stored = json.loads(package_file("android_bench.predict", "nets.json").read_text(encoding="utf-8"))
    return {name: tuple(map(_layer, range(len(rows)), rows)) for name, rows in stored.items()}


def _layer(index: int, row: list) -> Layer:
    operator, kind, shape, macs, weight_bytes, activation_bytes = row
    return Layer(index, operator, kind, tuple(shape), macs, weight_bytes, activation_bytes, int8=False)


def ms_of(soc: Soc, relative: float, fixed: float) -> float:
    """Milliseconds as the paper would time them; relative: a net's roofline over ResNet-50's."""
    return paper_ms(soc.name, FITTED) * (fixed + (1 - fixed) * relative)


def paper_ms(soc: str, net: str) -> float:
    """What the paper measured."""
    return published_phones()[soc].milliseconds[net]


@lru_cache
def full_ms(soc: Soc) -> float:
    """ResNet-50's roofline, milliseconds."""
    return sum(roofline_ms(soc, paper_nets()[FITTED]))


@lru_cache(maxsize=1)
def fixed_share() -> float:
    """The fixed share, fitted on the judged rows of all phones."""
    return _fitted(SOCS.values())


@lru_cache(maxsize=1)
def judged() -> tuple[Judged, ...]:
    """Each judged time, predicted without itself."""
    found = []
    for soc in SOCS.values():
        fixed = _fitted(other for other in SOCS.values() if other is not soc)
        for net in JUDGED:
            paper, relative = paper_ms(soc.name, net), _relative(soc, net)
            ms, bare = ms_of(soc, relative, fixed), ms_of(soc, relative, 0)
            found.append(Judged(soc.name, net, paper, ms, ms / paper - 1, bare / paper - 1))
    return tuple(found)


def _relative(soc: Soc, net: str) -> float:
    return sum(roofline_ms(soc, paper_nets()[net])) / full_ms(soc)


def _fitted(socs: Iterable[Soc]) -> float:
    """The share with the least squared relative errors; they are linear in it, slope * share - gap."""
    slopes, gaps = [], []
    for soc in socs:
        for net in JUDGED:
            relative = _relative(soc, net)
            shrunk = paper_ms(soc.name, FITTED) / paper_ms(soc.name, net)
            slopes.append(shrunk * (1 - relative))
            gaps.append(1 - shrunk * relative)
    return sum(s * g for s, g in zip(slopes, gaps, strict=True)) / sum(s * s for s in slopes)

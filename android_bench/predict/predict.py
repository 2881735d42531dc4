"""A model file's time on a phone that nobody measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from android_bench.predict.fit import FITTED, fixed_share, full_ms, judged, ms_of, paper_ms
from android_bench.predict.roofline import roofline_ms
from android_bench.predict.socs import Soc
from facekp_export.inference.layers import Layer, read_layers


@dataclass(frozen=True)
class Prediction:
    """Milliseconds that were never measured.

    Attributes:
        model: the file.
        soc: the processor.
        int8: whether it computes in 8-bit integers; the predictor was never judged on such.
        dynamic: whether it converts its numbers to 8-bit integers on the way, which is not predicted.
        predicted_ms: as the paper times its nets on that phone.
        fixed_ms: the part of it that every net pays there, however small; not known to be the net's own.
        low_ms, high_ms: predicted_ms, had it erred as on the rows that it was judged on.
        operators: each operator and its part of the rest, predicted_ms - fixed_ms.
    """

    model: Path
    soc: Soc
    int8: bool
    dynamic: bool
    predicted_ms: float
    fixed_ms: float
    low_ms: float
    high_ms: float
    operators: tuple[tuple[Layer, float], ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one run."""
        return sum(layer.macs for layer, _ in self.operators)

    @property
    def net_ms(self) -> float:
        """What its operators take, without the fixed part."""
        return self.predicted_ms - self.fixed_ms

    def kind_ms(self, kind: str) -> float:
        """What its dense, depthwise or other operators take."""
        return sum(ms for layer, ms in self.operators if layer.kind == kind)


def predict(path: Path, soc: Soc) -> Prediction:
    """The time of a .tflite file.

    Raises:
        OSError: for a missing file.
        ValueError: for a damaged or foreign one.
    """
    return predict_layers(path, read_layers(path), soc)


def predict_layers(path: Path, layers: Sequence[Layer], soc: Soc) -> Prediction:
    """The same for operators that were read already."""
    fixed = fixed_share()
    bare = roofline_ms(soc, layers)
    whole = full_ms(soc)
    scale = paper_ms(soc.name, FITTED) * (1 - fixed) / whole
    ms = ms_of(soc, sum(bare) / whole, fixed)
    errors = [each.error for each in judged()]
    return Prediction(
        path, soc, any(layer.int8 and layer.macs for layer in layers),
        any(layer.dynamic for layer in layers), ms, ms_of(soc, 0, fixed),
        ms / (1 + max(errors)), ms / (1 + min(errors)),
        tuple(zip(layers, (scale * each for each in bare), strict=True)),
    )  # fmt: skip

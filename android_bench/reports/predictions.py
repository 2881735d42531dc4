"""Predictions as a table and as a document; nothing of them can be taken for a measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from android_bench.predict.fit import FITTED, JUDGED, Judged, fixed_share, judged
from android_bench.predict.predict import Prediction
from android_bench.reports.names import rounded
from android_bench.reports.tables import terminal_table
from facekp_train.common.console import plain
from facekp_train.evaluation.published import PAPER

SCHEMA = "facekp-bench-predict/1"
_FITTED = (
    f"each phone's speed is fitted on its row {FITTED}, and the share of that time that every net pays on "
    f"the rows {' and '.join(JUDGED)}"
)
_HEADERS = (
    "model", "soc", "M MACs", "predicted ms", "if as wrong as judged", "fixed", "dense", "depthwise", "other",
)  # fmt: skip


def document(predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Every figure. Each name of a time says that it is predicted."""
    return {
        "schema": SCHEMA,
        "predicted": True,
        "fit": {
            "source": f"{PAPER}, table 6",
            "fitted": _FITTED,
            "fixed_share": fixed_share(),
            "judged": [vars(each) for each in judged()],
        },
        "predictions": [_entry(each) for each in predictions],
        "notes": notes(predictions),
    }


def terminal(predictions: Sequence[Prediction]) -> RenderableType:
    """A table for a terminal, with what must be known below."""
    table = terminal_table(_HEADERS, ("model", "soc"))
    table.title, table.title_justify = "predicted, not measured", "left"
    for each in predictions:
        parts = (each.fixed_ms, *map(each.kind_ms, ("dense", "depthwise", "other")))
        table.add_row(
            Text(plain(f"{each.model.parent.name}/{each.model.name}")), each.soc.name,
            rounded(each.macs / 1e6), rounded(each.predicted_ms),
            f"{rounded(each.low_ms)} to {rounded(each.high_ms)}", *map(rounded, parts),
        )  # fmt: skip
    return Group(table, Text(), *(Text(note) for note in notes(predictions)))


def notes(predictions: Sequence[Prediction]) -> list[str]:
    """How a prediction comes about, how far it errs, and what nobody has judged."""
    rows = judged()
    lines = [
        f"predicted, not measured: from public specifications and {PAPER}, table 6: {_FITTED}; "
        f"the share is {fixed_share():.0%}, and not known to be the net's own",
        f"error on those rows, each with its phone left out of the fit: {_span(rows, 'error')} (without the "
        f"fixed share {_span(rows, 'without_fixed')})",
    ]
    if any(each.int8 for each in predictions):
        lines.append(
            "int8: the paper times no such file, so nothing has judged these; they rest on the processors' "
            "instructions"
        )
    if any(each.dynamic for each in predictions):
        lines.append("dynamic range: predicted as float32, without what integers save or rounding costs")
    return lines


def _span(rows: Sequence[Judged], field: str) -> str:
    errors = [getattr(row, field) for row in rows]
    return f"{min(errors):+.0%} to {max(errors):+.0%}"


def _entry(each: Prediction) -> dict[str, Any]:
    return {
        "model": str(each.model),
        "soc": each.soc.name,
        "sources": each.soc.sources,
        "precision": "int8" if each.int8 else "float32",
        "macs": each.macs,
        "predicted_ms": each.predicted_ms,
        "predicted_low_ms": each.low_ms,
        "predicted_high_ms": each.high_ms,
        "predicted_fixed_ms": each.fixed_ms,
        "predicted_net_ms": each.net_ms,
        "operators": [
            {
                "index": layer.index,
                "operator": layer.operator,
                "kind": layer.kind,
                "shape": layer.shape,
                "macs": layer.macs,
                "bytes": layer.weight_bytes + layer.activation_bytes,
                "predicted_ms": ms,
            }
            for layer, ms in each.operators
        ],
    }

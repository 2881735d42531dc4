"""What a picture says in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from android_bench.records.phone import CurvePoint
from android_bench.reports import plot
from tests.support.phones.sample_records import invalid, valid


def test_a_curve_that_is_not_to_be_believed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = pytest.importorskip("matplotlib.figure", reason="draws with matplotlib (extra train)")
    drawn: list[Any] = []
    monkeypatch.setattr(figure.Figure, "savefig", lambda self, *_, **__: drawn.append(self))
    curve = [CurvePoint.model_validate({"seconds": n, "p50_ms": 2.0}) for n in (0, 60)]
    plot.plot(tmp_path / "p.png", [valid(curve=curve), invalid("only 60 s of 600 s", curve=curve)])
    whole, cut = [text.get_text() for text in drawn[0].axes[-1].get_legend().get_texts()]
    assert "(invalid)" not in whole and cut.endswith("(invalid)")

"""What the app's Benchmark screen shares is a document like any other."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from android_bench.records.record import Document
from android_bench.timing import summarize
from tests.android.screens.app import App

pytestmark = [pytest.mark.app, pytest.mark.slow]


def test_what_it_shares_is_a_record(app: App, tmp_path: Path) -> None:
    shared = tmp_path / "shared.json"
    assert "OK (" in app.run("BenchmarkTest", **{"facekp.shared": shared})
    (record,) = Document.model_validate_json(shared.read_text()).records
    assert record.valid and record.parity is None
    assert (record.device, record.delegate, record.threads) == ("adb", "cpu", 1)
    assert record.runner and record.runner.name == "app" and record.fingerprint
    assert len(record.samples_ms) >= 50 and record.kind == "float32"
    for name, value in asdict(summarize(record.samples_ms)).items():
        assert getattr(record, name) == pytest.approx(value), name

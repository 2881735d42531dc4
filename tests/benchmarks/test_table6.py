"""Table 6: which records make rows, and that a prediction stands only where nothing was measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from android_bench.records.phone import Fingerprint
from android_bench.records.record import Record
from android_bench.reports.tables import json_text
from benchmarks import table6
from benchmarks.tables import pages
from facekp_train.common.console import UserError
from facekp_train.evaluation.published import published_phones
from tests.support.phones.sample_records import invalid, valid


def phone(chip: str = "Kirin 980", record: Any = valid, **changes: Any) -> Record:
    fingerprint = Fingerprint.model_validate({"manufacturer": "Acme", "model": "One", "chip": chip})
    fields = {
        "device": "adb", "runtime": "tflite", "delegate": "cpu", "fingerprint": fingerprint,
        "name": "mdp-0.25x", "kind": "float32",
    }  # fmt: skip
    return record(**{**fields, **changes})


def of(rows: list[table6.Row], device: str) -> dict[tuple[str, str], table6.Row]:
    return {(row.system, row.precision): row for row in rows if row.device == device}


def test_without_records_the_papers_phones_stand_beside_predictions() -> None:
    rows = table6.rows_of([])
    assert len(rows) == 3 * len(table6.SYSTEMS) * 2
    for phone in published_phones().values():
        own = of(rows, phone.phone)
        assert own["resnet-50", "float32"].reason == table6.FITTED_ROW
        assert own["mdp-1x", "float32"].paper_ms == phone.milliseconds["1X"]
        small = own["mdp-0.25x", "int8"]
        assert small.paper_ms is None and small.p50_ms is None
        assert small.predicted_ms and small.predicted_low_ms and small.predicted_high_ms
        assert small.predicted_low_ms < small.predicted_ms < small.predicted_high_ms
        assert own["resnet-50", "int8"].reason == table6.NO_FILE


def test_what_is_measured_is_not_predicted_and_the_paper_stands_beside() -> None:
    own = of(table6.rows_of([phone(p50_ms=5.0)]), "Acme One")
    measured = own["mdp-0.25x", "float32"]
    assert (measured.p50_ms, measured.paper_ms, measured.predicted_ms) == (5.0, 11, None)
    assert (measured.runtime, measured.delegate, measured.threads) == ("tflite", "cpu", 1)
    assert own["mdp-1x", "float32"].p50_ms is None and own["mdp-1x", "float32"].predicted_ms


def test_an_invalid_record_keeps_its_reason_and_is_predicted_beside() -> None:
    rows = [
        row
        for row in table6.rows_of([phone(record=invalid, reason="it was hot")])
        if (row.device, row.system, row.precision) == ("Acme One", "mdp-0.25x", "float32")
    ]
    assert [(row.reason, row.p50_ms, bool(row.predicted_ms)) for row in rows] == [
        ("it was hot", None, False), (None, None, True),
    ]  # fmt: skip


def test_what_strangers_call_themselves_shows_as_it_is() -> None:
    """Names and reasons come from phones and from other people's documents."""
    odd = "\x1b[2J|<b>x"
    named = Fingerprint.model_validate({"manufacturer": odd, "model": odd, "chip": odd})
    records = [phone(fingerprint=named), phone(fingerprint=named, record=invalid, reason=odd)]
    page = table6.markdown(table6.rows_of(records))
    assert "\x1b" not in page and "<b>" not in page
    assert all(line.replace("\\|", "").count("|") == 9 for line in page.splitlines() if line[:1] == "|")


def test_a_runner_without_a_median_says_so() -> None:
    quiet = {**dict.fromkeys(("p50_ms", "p90_ms", "p95_ms", "outliers")), "samples_ms": [], "timed_runs": 9}
    rows = [row for row in table6.rows_of([phone(**quiet)]) if row.system == "mdp-0.25x"]
    assert table6.MEAN_ALONE in [row.reason for row in rows]


def test_a_chip_of_no_specification_is_not_predicted() -> None:
    own = of(table6.rows_of([phone("Exynos 1")]), "Acme One")
    assert own["mdp-1x", "int8"].reason == "not measured, and nothing is predicted for Exynos 1"
    assert own["mdp-0.25x", "float32"].paper_ms is None


def test_records_of_no_phone_and_of_an_emulated_one_are_left_out() -> None:
    kept, notes = table6.of_phones(
        [valid(name="mdp-1x", kind="int8"), phone(emulated=True), phone(kind="float16"), phone()]
    )
    assert len(kept) == 1
    assert [note.partition(": ")[2] for note in notes] == [
        "no phone", "an emulated processor's time is no phone's", "no row of the table",
    ]  # fmt: skip


def test_the_documents_are_read_and_the_result_written(tmp_path: Path) -> None:
    document, result = tmp_path / "phone.json", tmp_path / "table6.json"
    document.write_text(json_text([phone(p50_ms=5.0)]))
    table6.main(records=[document], result=result)
    rows = json.loads(result.read_text())["rows"]
    assert [row["p50_ms"] for row in rows if row["device"] == "Acme One" and row["p50_ms"]] == [5.0]
    document.write_text(json_text([valid(name="mdp-1x", kind="int8")]))
    with pytest.raises(UserError, match="none of the records is a phone's"):
        table6.main(records=[document], result=result)


def test_the_committed_rows_are_what_the_script_writes() -> None:
    committed = json.loads(table6.RESULT.read_text(encoding="utf-8"))
    if all(row["p50_ms"] is None for row in committed["rows"]):
        fresh = [asdict(row) for row in table6.rows_of([])]
        assert committed["rows"] == fresh, "stale: run python benchmarks/table6.py"


def test_the_page_is_made_of_its_parts(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "table5.md").write_text("## Five\n\nfive\n")
    page = pages.write_part("table6", "## Six\n\nsix\n", tmp_path).read_text()
    assert page.index("# The paper's") < page.index("## Five") < page.index("## Six")
    with pytest.raises(ValueError, match="not 'table7'"):
        pages.write_part("table7", "", tmp_path)


def test_the_table_says_that_predicted_is_not_measured() -> None:
    text = table6.markdown(table6.rows_of([phone(p50_ms=5.0)]))
    assert "**Predicted is not measured**" in text and "-25% to +15%" in text
    assert "### Acme One, Kirin 980" in text
    assert "| mdp-0.25x | float32 | tflite cpu | 1 | 5.00 | 11.0 | - | - |" in text

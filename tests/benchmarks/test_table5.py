"""Table 5: its rows, the choice of systems, and why a system has no figures."""

from __future__ import annotations

from dataclasses import fields

import pytest

from android_bench.timing import StopRule
from benchmarks import table5
from facekp_train.common.console import UserError


def test_a_row_has_the_fields_of_the_table() -> None:
    assert {field.name for field in fields(table5.Row)} == {
        "system", "reading", "precision", "runtime", "threads", "p50_ms", "cpu_p50_ms", "samples", "first_ms",
        "load_ms", "peak_memory_mb", "size_bytes", "parameters", "macs", "peak_share", "nme", "reason",
    }  # fmt: skip


def test_systems_are_chosen_by_name_in_the_tables_order() -> None:
    assert table5.chosen("mdp-1x,sdm") == ["sdm", "mdp-1x"]
    assert len(table5.chosen(None)) == 13
    with pytest.raises(UserError, match="there is no system 'pfld'"):
        table5.chosen("pfld")


def test_a_system_without_a_file_has_one_row_with_its_reason() -> None:
    (row,) = table5.rows_of(["resnet-50"], ["float32", "int8"])
    assert row.reason and row.p50_ms is None


def test_a_shipped_model_is_measured_on_every_runtime() -> None:
    rows = table5.rows_of(["mdp-0.25x"], ["int8"], StopRule(2, 0))
    assert {(row.runtime, row.threads) for row in rows} == {
        ("litert", 1), ("litert", 2), ("onnxruntime", 1), ("onnxruntime", 2),
    }  # fmt: skip
    assert all(row.size_bytes for row in rows)
    assert {row.macs for row in rows if row.runtime == "litert"} == {27_664_896}

"""Table 5: its rows, the choice of systems, why a system has no figures, and its page."""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from pathlib import Path

import pytest

from android_bench.host import machine as host_machine
from android_bench.records.record import Machine
from android_bench.timing import StopRule
from benchmarks import table5
from benchmarks.systems.catalog import SYSTEMS, Given
from benchmarks.systems.errors import stated_errors
from benchmarks.systems.rows import Row
from benchmarks.table5 import Wanted, result_of, words
from benchmarks.tables import table5_page as page
from facekp_train.common.console import UserError
from facekp_train.common.files import sha256_of

_QUICK = StopRule(2, 0)
_RESULT = table5.RESULT


def test_a_row_has_the_fields_of_the_table() -> None:
    assert {field.name for field in fields(Row)} == {
        "system", "reading", "precision", "runtime", "threads", "p50_ms", "cpu_p50_ms", "ratio", "samples",
        "first_ms", "load_ms", "peak_memory_mb", "size_bytes", "parameters", "macs", "peak_share",
        "nme", "reason",
    }  # fmt: skip


def test_systems_are_chosen_by_name_in_the_tables_order() -> None:
    assert words("mdp-1x,sdm", SYSTEMS, "system") == ["sdm", "mdp-1x"]
    assert len(words(None, SYSTEMS, "system")) == 15
    with pytest.raises(UserError, match="there is no system 'pfld'"):
        words("pfld", SYSTEMS, "system")


@pytest.mark.parametrize("system", ["dlib-68", "mediapipe-mesh", "face-api-68", "face-api-68-tiny"])
def test_what_a_user_did_not_give_has_one_row_with_its_reason(system: str) -> None:
    (row,) = result_of(Wanted([system], rule=_QUICK), Given(), {}).rows
    assert row.reason and row.p50_ms is None and row.runtime is None


def test_a_shipped_model_is_measured_on_every_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_machine, "load_now", lambda: 0.5)
    result = result_of(Wanted(["mdp-0.25x"], ["int8"], ["litert", "onnxruntime"], rule=_QUICK), Given(), {})
    assert {(row.runtime, row.threads) for row in result.rows} == {
        ("litert", 1), ("litert", 2), ("onnxruntime", 1), ("onnxruntime", 2),
    }  # fmt: skip
    assert all(row.size_bytes and row.macs == 27_664_896 for row in result.rows)
    assert {row.parameters for row in result.rows} == {568_032}


def test_on_a_busy_machine_two_threads_have_a_reason_and_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_machine, "load_now", lambda: 99.0)
    one, two = result_of(Wanted(["mdp-0.25x"], ["int8"], ["litert"], rule=_QUICK), Given(), {}).rows
    assert (one.threads, two.threads) == (1, 2)
    assert one.cpu_p50_ms and two.samples is None and two.size_bytes == one.size_bytes
    assert two.reason and two.reason.startswith("the load was 99.0")


def test_the_error_of_a_shipped_file_is_its_manifests() -> None:
    folder = Path(table5.__file__).parents[1] / "models" / "mdp-0.25x"
    (row,) = result_of(Wanted(["mdp-0.25x"], ["int8"], ["litert"], [1], _QUICK), Given(), {}).rows
    assert row.nme == stated_errors([folder])[sha256_of(folder / "model_int8.tflite")]


def test_layers_with_random_weights_are_counted_and_timed_few_times() -> None:
    (row,) = result_of(Wanted(["lab"], threads=[1], rule=StopRule(1000, 100.0)), Given(), {}).rows
    assert row.samples and row.samples < 20
    assert row.parameters is not None and row.parameters == pytest.approx(24.2e6, rel=0.01)
    assert row.size_bytes == 4 * row.parameters
    assert row.macs == pytest.approx(19.1e9, rel=0.02)
    assert row.nme is None


def test_ratios_are_to_ours_which_is_timed_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_machine, "load_now", lambda: 0.5)
    wanted = Wanted(["mdp-fast", "mdp-0.25x"], ["int8"], ["litert"], [1], StopRule(50, 0.1))
    fast, ours = result_of(wanted, Given(), {}).rows
    assert ours.ratio == 1
    # It computes fewer, fatter layers; alone it is measured beside the same.
    (alone,) = result_of(replace(wanted, systems=["mdp-fast"]), Given(), {}).rows
    assert fast.ratio and alone.ratio and 0.2 < fast.ratio < 0.9 and 0.2 < alone.ratio < 0.9


def test_a_system_in_a_runtime_of_its_own_is_compared_with_litert() -> None:
    (row,) = result_of(Wanted(["sdm"], threads=[1], rule=_QUICK), Given(), {}).rows
    assert row.runtime == "numpy" and row.ratio and row.ratio > 1


def test_a_front_holds_what_nothing_beats_in_both() -> None:
    assert page.pareto([(1.0, 5.0), (2.0, 6.0), (3.0, 4.0)]) == [(1.0, 5.0), (3.0, 4.0)]


def test_the_page_gives_figures_and_reasons(tmp_path: Path) -> None:
    ours = Row(
        "mdp-0.25x", None, "float32", "litert", 1, cpu_p50_ms=0.5, ratio=1.0, size_bytes=2_300_000, nme=3.5
    )
    rows = [
        ours,
        replace(ours, system="san", cpu_p50_ms=50.0, ratio=100.0, nme=None),
        Row("dlib-68", reason="not here"),
    ]
    text = page.markdown(rows, Machine.model_validate({"cpu": "a core", "cores": 2, "os": "Linux"}))
    assert "| san | float32 | torch |" not in text and "| san | float32 | litert | 50.0 | 100 |" in text
    assert "- dlib-68: not here" in text and "798" in text
    page.draw(rows, tmp_path / "pareto.png")
    assert (tmp_path / "pareto.png").stat().st_size > 10_000


@pytest.mark.skipif(not _RESULT.is_file(), reason="no committed result")
def test_every_system_has_a_row_in_the_committed_result() -> None:
    rows = [Row(**row) for row in json.loads(_RESULT.read_text())["rows"]]
    assert {row.system for row in rows} == set(SYSTEMS)
    assert all(set(asdict(row)) == {field.name for field in fields(Row)} for row in rows)
    assert all(row.reason for row in rows if row.cpu_p50_ms is None and row.p50_ms is None)

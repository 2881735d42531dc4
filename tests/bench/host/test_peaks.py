"""The share of this machine's peak: whose convolution, in which turns, by which clock."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from android_bench.engines.engines import ENGINES
from android_bench.engines.inputs import fill
from android_bench.engines.peak import PEAK_MACS, peak_file
from android_bench.host import bench as host
from android_bench.host.bench import bench_models
from android_bench.reports.tables import headers, rows
from android_bench.timing import StopRule
from facekp_export.inference.layers import Precision
from facekp_export.inference.work import Work, model_work
from facekp_train.common.shipped import shipped_models_dir
from tests.support.models.tiny_models import tiny_tflite

QUICK = StopRule(5, 0.05)


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize("engine", ["litert", "onnxruntime"])
def test_the_convolution_is_a_file_that_the_engine_runs(
    engine: str, precision: Precision, tmp_path: Path
) -> None:
    found = peak_file(tmp_path, ENGINES[engine], precision)
    assert found is not None
    path, runs_it = found
    assert model_work(path) == Work(PEAK_MACS, precision)
    runtime = runs_it.open(path, 1)
    runtime.set_inputs([fill(spec) for spec in runtime.inputs])
    runtime.invoke()
    (answer,) = runtime.results()
    # Every weight counts: no two channels agree.
    channels = np.moveaxis(answer, -1, 1) if engine == "litert" else answer
    assert channels.shape == (1, 512, 32, 32)
    assert len(np.unique(channels.reshape(512, -1), axis=0)) == 512


def test_a_record_says_its_share_of_the_peak_by_its_own_clock() -> None:
    folder = shipped_models_dir() / "mdp-0.25x"
    records = bench_models([folder / "model_float32.tflite", folder / "model_int8.onnx"], rule=QUICK)
    for record in records:
        assert record.macs == 27_664_896
        assert record.peak_gmacs is not None and record.peak_share is not None
        assert record.cpu_p50_ms is not None
        own = record.macs / record.cpu_p50_ms / 1e6
        assert record.peak_share == pytest.approx(own / record.peak_gmacs)
        assert 0 < record.peak_share < 1.5
    place = headers(records).index("peak %")
    assert [row[place] for row in rows(records)] == [f"{100 * (r.peak_share or 0):.0f}" for r in records]


def test_a_file_without_multiplications_has_no_peak_and_no_column(tmp_path: Path) -> None:
    (record,) = bench_models([tiny_tflite(tmp_path / "add.tflite")], rule=QUICK)
    assert (record.valid, record.macs, record.peak_gmacs, record.peak_share) == (True, None, None, None)
    assert "peak %" not in headers([record])


def test_one_convolution_serves_all_of_a_runtime_and_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    monkeypatch.setattr(host, "_measure", lambda trials, *_: opened.append(len(trials)))
    names, kinds = ("mdp-1x", "mdp-0.25x"), ("float32", "int8")
    files = [shipped_models_dir() / name / f"model_{kind}.tflite" for name in names for kind in kinds]
    bench_models(files, threads=(1, 2), rule=QUICK)
    assert opened == [4 + 2, 4 + 2]


def test_the_convolution_is_measured_no_longer_than_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    rules: list[StopRule] = []
    monkeypatch.setattr(host, "_measure", lambda trials, *_: rules.extend(t._rule for t in trials))
    bench_models([shipped_models_dir() / "mdp-1x" / "model_int8.tflite"], rule=StopRule(1000, 60))
    assert rules == [StopRule(1000, 60), StopRule(50, 1.0)]


@pytest.mark.skipif(not ENGINES["torch"].installed, reason="needs torch")
def test_a_checkpoint_is_compared_with_pytorchs_own_convolution() -> None:
    (record,) = bench_models([shipped_models_dir() / "mdp-0.25x" / "model.safetensors"], rule=QUICK)
    assert record.macs == 27_664_896
    assert record.peak_share is not None

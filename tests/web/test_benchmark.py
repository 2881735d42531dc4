"""The page's times in Node: the statistics of facekp-bench, and records that it reads."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from android_bench.records.record import Record
from android_bench.timing import summarize
from facekp_train.common.files import sha256_of
from tests.support.places import MODELS, ROOT, TESTS

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="runs the page's modules in Node")


SAMPLES = [np.random.default_rng(0).exponential(3, n).tolist() for n in (1, 2, 7, 50, 301)]
SAMPLES += [[2.0] * 9 + [50.0]]


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    given = {"samples": SAMPLES, "answers": [[0.5, 0.5], [0.25, 0.5]], "wanted": [[0.5, 0.5], [0.25, 0.51]]}
    words = ["node", str(TESTS / "web" / "statistics.mjs"), str(ROOT)]
    done = subprocess.run(words, input=json.dumps(given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_statistics_and_records_are_those_of_facekp_bench(told: dict[str, Any]) -> None:
    for values, summary in zip(SAMPLES, told["summaries"], strict=True):
        assert summary == pytest.approx(vars(summarize(values)))
    good, bad = (Record.model_validate_json(json.dumps(told[key])) for key in ("good", "bad"))
    assert good.valid and good.device == "browser" and len(good.samples_ms) >= 50
    assert good.p50_ms == pytest.approx(0.25, rel=0.2)
    # A block lasts at least 5 ms, of which the page sees whole ones.
    assert told["block"] >= 20 and f"the mean of up to {told['block']} runs" in good.warnings[0]
    assert not bad.valid and bad.p50_ms is None and "too far from" in bad.invalid_reasons[0]
    assert bad.parity is not None
    assert (bad.parity.max_abs, bad.parity.mean_px) == pytest.approx((0.01, 0.32))
    assert bad.warnings[1] == "one thread"


def test_report_compare_and_decide_read_them(
    told: dict[str, Any], bench: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    model = MODELS / "mdp-0.25x" / "model_int8.tflite"
    record = {**told["good"], "sha256": sha256_of(model), "bytes": model.stat().st_size}
    document = tmp_path / "browser.json"
    document.write_text(json.dumps({"schema": "facekp-bench/1", "records": [record]}))
    code, stdout, _ = bench("report", document)
    assert code == 0 and "wasm" in stdout
    code, stdout, stderr = bench("compare", document, document)
    assert code == 0, stderr
    code, stdout, _ = bench("decide", model, "--records", document, "--json")
    decision = json.loads(stdout)
    assert (code, decision["recommended"]) == (0, record["sha256"])
    ((device,),) = [file["devices"] for file in decision["files"]]
    assert device["p50_ms"] == record["p50_ms"] and device["parity_ok"]

"""The page's times in Node: the statistics of facekp-bench, and records that it reads."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest

from android_bench.records.record import Record
from android_bench.timing import summarize
from tests.support.places import ROOT, TESTS

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="runs the page's modules in Node")


def test_statistics_and_records_are_those_of_facekp_bench() -> None:
    random = np.random.default_rng(0)
    samples = [random.exponential(3, n).tolist() for n in (1, 2, 7, 50, 301)] + [[2.0] * 9 + [50.0]]
    given = {"samples": samples, "answers": [[0.5, 0.5], [0.25, 0.5]], "wanted": [[0.5, 0.5], [0.25, 0.51]]}
    words = ["node", str(TESTS / "web" / "statistics.mjs"), str(ROOT)]
    done = subprocess.run(words, input=json.dumps(given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    for values, summary in zip(samples, told["summaries"], strict=True):
        assert summary == pytest.approx(vars(summarize(values)))
    good, bad = (Record.model_validate_json(json.dumps(told[key])) for key in ("good", "bad"))
    assert good.valid and good.device == "browser" and len(good.samples_ms) >= 50
    assert good.p50_ms == pytest.approx(0.25, rel=0.2)
    assert told["block"] > 1 and f"the mean of {told['block']} runs" in good.warnings[0]
    assert not bad.valid and bad.p50_ms is None and "something else" in bad.invalid_reasons[0]
    assert bad.parity is not None
    assert (bad.parity.max_abs, bad.parity.mean_px) == pytest.approx((0.01, 0.64))
    assert bad.warnings[1] == "one thread"

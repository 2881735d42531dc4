"""Records of a measurement that never took place, for tests of what is done with records."""

from __future__ import annotations

from typing import Any

import numpy as np

from android_bench.records.record import Machine, Record
from android_bench.timing import summarize

STATISTICS: dict[str, Any] = {
    "p50_ms": 2.0, "p90_ms": 2.8, "p95_ms": 2.9, "mean_ms": 2.0, "std_ms": 1.0, "min_ms": 1.0, "max_ms": 3.0,
    "outliers": 0,
}  # fmt: skip


def machine(**changes: Any) -> Machine:
    return Machine(**{"cpu": "Test CPU", "cores": 4, "os": "Linux 6 x86_64", "python": "3.11.0", **changes})


def valid(**changes: Any) -> Record:
    """A record of three samples; of another p50_ms, their like, so that the statistics are theirs."""
    scale = (changes.get("p50_ms") or 2.0) / 2.0
    fields: dict[str, Any] = {
        "model": "folder/model.onnx", "sha256": "0" * 64, "bytes": 1_500_000, "runtime": "onnxruntime",
        "threads": 1, "machine": machine(), "started": "2024-01-01T00:00:00+00:00", "min_runs": 3,
        "min_seconds": 0.0, "first_ms": 9.0, "samples_ms": [scale, 2 * scale, 3 * scale], "valid": True,
        **{name: value * scale for name, value in STATISTICS.items()},
    }  # fmt: skip
    return Record(**{**fields, **changes})


def invalid(reason: str = "it died", **changes: Any) -> Record:
    return valid(valid=False, invalid_reasons=[reason], **dict.fromkeys(STATISTICS), **changes)


def timed(samples_ms: list[float], **changes: Any) -> Record:
    """A record of these samples, with their statistics."""
    summary = vars(summarize(samples_ms))
    return valid(**{"samples_ms": samples_ms, **summary, **changes})


def noisy(middle: float, seed: int = 0, spread: float = 0.01, **changes: Any) -> Record:
    """A record of 200 samples that scatter by that share around the middle, ms."""
    samples = middle * np.exp(np.random.default_rng(seed).normal(0, spread, 200))
    return timed(samples.tolist(), **changes)

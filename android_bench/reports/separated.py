"""Records and comparisons as comma-separated values: every figure in full, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from android_bench.records.record import Record
from android_bench.reports.compare import Comparison
from android_bench.reports.names import machine_line
from facekp_train.common.console import plain

_FIELDS = (
    "name", "kind", "sha256", "bytes", "runtime", "runtime_version", "device", "delegate", "threads",
    "emulated", "valid", "p50_ms", "p90_ms", "p95_ms", "cpu_p50_ms", "mean_ms", "std_ms", "min_ms", "max_ms",
    "first_ms", "load_ms", "outliers", "peak_memory_mb", "memory_increase_mb", "agreement", "throttled",
    "serial", "started",
)  # fmt: skip
_CHANGE_FIELDS = (
    "model", "runtime", "device", "delegate", "threads", "clock", "statistic", "before_ms", "after_ms",
    "change", "low", "high", "of", "verdict", "emulated",
)  # fmt: skip


def records_csv(records: Sequence[Record], documents: Sequence[str] = ()) -> str:
    """One line a record, with its document's name, its machine, parity, and what was said of it."""
    sources = documents or [""] * len(records)
    return _text(
        ("document", "model", "machine", *_FIELDS, "runs", "parity_ok", "invalid_reasons", "warnings"),
        (
            {
                "document": source,
                "model": record.model,
                "machine": machine_line(record),
                **{field: getattr(record, field) for field in _FIELDS},
                "runs": record.timed_runs or len(record.samples_ms),
                "parity_ok": record.parity and record.parity.ok,
                "invalid_reasons": "; ".join(record.invalid_reasons),
                "warnings": "; ".join(record.warnings),
            }
            for source, record in zip(sources, records, strict=True)
        ),
    )


def comparison_csv(result: Comparison) -> str:
    """One line a change, which and its bounds are shares."""
    lines = (
        {field: getattr(c, field) for field in _CHANGE_FIELDS} | {"notes": "; ".join(c.notes)}
        for c in result.changes
    )
    return _text((*_CHANGE_FIELDS, "notes"), lines)


def _text(headers: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows([_cell(line[header]) for header in headers] for line in lines)
    return stream.getvalue()


def _cell(value: Any) -> str:
    """A value as text. Spreadsheets compute what begins as a formula: a name may be anybody's."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    text = plain(str(value))
    return f"'{text}" if text[:1] in tuple("=+-@") else text

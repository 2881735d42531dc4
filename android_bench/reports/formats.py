"""What records can be written as. A format is one function and one line in `FORMATS`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from android_bench.records.record import Record
from android_bench.reports.pages import records_page
from android_bench.reports.separated import records_csv
from android_bench.reports.tables import json_text, markdown

FORMATS: dict[str, Callable[[Sequence[Record], Sequence[str]], str]] = {
    "markdown": markdown,
    "json": json_text,
    "csv": records_csv,
    "html": records_page,
}
"""Called with records and the names of the documents that they come from, () where it is one."""

"""What records can be written as. A format is one function and one line in `FORMATS`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from android_bench.records.record import Record
from android_bench.reports.pages import records_page
from android_bench.reports.separated import records_csv
from android_bench.reports.tables import json_text, markdown


class Writer(Protocol):
    """Makes text of records, and of the names of the documents that they come from, () for one."""

    def __call__(self, _records: Sequence[Record], _documents: Sequence[str] = (), /) -> str: ...


FORMATS: dict[str, Writer] = {
    "markdown": markdown,
    "json": json_text,
    "csv": records_csv,
    "html": records_page,
}
"""What can be written to a file."""

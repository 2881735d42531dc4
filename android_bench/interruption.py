"""What a measurement that was interrupted leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from android_bench.records.record import Record


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a measurement; `records` holds what was measured until then."""

    def __init__(self, records: list[Record]) -> None:
        super().__init__()
        self.records = records

"""Documents of measurements whose figures contradict their samples, or that have no end."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from android_bench.records import documents
from android_bench.records.documents import read_document
from android_bench.reports import tables
from facekp_train.common.console import UserError
from tests.support.phones.sample_records import STATISTICS, noisy, valid


def written(folder: Path, **changes: Any) -> Path:
    """A document of one record, changed after it was checked."""
    record = json.loads(valid().model_dump_json()) | changes
    path = folder / "r.json"
    path.write_text(json.dumps({"schema": "facekp-bench/1", "records": [record]}))
    return path


@pytest.mark.parametrize("name", [name for name in STATISTICS if name != "outliers"])
@pytest.mark.parametrize("value", [0.0001, 1e6])
def test_a_statistic_that_is_not_of_the_samples_is_named(tmp_path: Path, name: str, value: float) -> None:
    with pytest.raises(UserError, match=f"states {name} .* and its samples give"):
        read_document(written(tmp_path, **{name: value}))


def test_the_processor_s_median_is_of_its_samples(tmp_path: Path) -> None:
    cpu = {"cpu_samples_ms": [1.0, 2.0, 2.5]}
    assert read_document(written(tmp_path, **cpu, cpu_p50_ms=2.0))[0].cpu_p50_ms == 2.0
    with pytest.raises(UserError, match="states cpu_p50_ms 1 and its samples give 2;"):
        read_document(written(tmp_path, **cpu, cpu_p50_ms=1.0))


def test_figures_of_the_samples_are_read_as_they_are(tmp_path: Path) -> None:
    """Without the last digits too, as another program may print them, and behind a byte order mark."""
    record = noisy(3.0)
    rounded = {name: round(getattr(record, name), 7) for name in STATISTICS}
    path = written(tmp_path, samples_ms=record.samples_ms, **rounded)
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert read_document(path)[0].p50_ms == pytest.approx(record.p50_ms)


@pytest.mark.skipif(not Path("/dev/zero").is_char_device(), reason="needs /dev/zero")
def test_a_device_without_end_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LARGEST_BYTES", 10_000_000)
    with pytest.raises(UserError, match="/dev/zero is larger than any document"):
        read_document(Path("/dev/zero"))


@pytest.mark.skipif(os.name != "posix", reason="pipes are POSIX")
def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    content = written(tmp_path).read_bytes()
    source, target = os.pipe()
    os.write(target, content)
    os.close(target)
    try:
        assert len(read_document(Path(f"/dev/fd/{source}"))) == 1
    finally:
        os.close(source)


def test_a_table_looks_at_a_machine_s_records_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a row, a table of 3,000 records takes minutes."""
    looks: list[str] = []
    true = tables.alike
    monkeypatch.setattr(tables, "alike", lambda records, line: looks.append(line) or true(records, line))
    records = [valid(model=f"m{number}", p50_ms=1.0 + number) for number in range(300)]
    cells = tables.rows(records)
    assert len(looks) == 1 and [row[-1] for row in cells[:3]] == ["1.00x", "2.00x", "3.00x"]

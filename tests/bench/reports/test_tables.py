"""Tables: figures as they are, no figure where a record is invalid, nothing that breaks the table."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from android_bench.records.record import Record
from android_bench.reports.formats import FORMATS
from android_bench.reports.tables import (
    HEADERS,
    headers,
    labels,
    markdown,
    remarks,
    rounded,
    rows,
    terminal,
)
from tests.support.phones.sample_records import STATISTICS, invalid, machine, valid


def shown(records: list[Record], width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(terminal(records, width))
    return console.file.getvalue()  # type: ignore[attr-defined]


def cells(records: list[Record], column: str) -> list[str]:
    return [row[headers(records).index(column)] for row in rows(records)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.4663, "0.466"),
        (27.64, "27.6"),
        (1280.4, "1280"),
        (9.999, "10.00"),
        (0.00047, "0.000470"),
        (0, "0.00"),
    ],
)
def test_three_digits_without_exponents(value: float, text: str) -> None:
    assert rounded(value) == text
    assert rounded(None) == "-"


def test_columns_hold_what_their_headers_say() -> None:
    record = valid(peak_memory_mb=97.44, memory_increase_mb=6.13)
    expected = (
        "model.onnx",
        "onnxruntime",
        "1",
        "2.00",
        "2.80",
        "2.90",
        "9.00",
        "1.50",
        "97.4",
        "6.1",
        "1.00x",
    )
    assert rows([record]) == [expected]


def test_the_fastest_valid_record_is_the_unit() -> None:
    slower = valid(model="b.onnx", p50_ms=5.0)
    assert cells([slower, valid(), invalid()], "vs fastest") == ["2.50x", "1.00x", "-"]


def test_the_fastest_by_cpu_time_where_all_have_it() -> None:
    cpu = {"cpu_samples_ms": [1.0, 2.0, 3.0]}
    waiting = valid(model="a.onnx", **cpu, cpu_p50_ms=1.0, **dict.fromkeys(STATISTICS))
    calm = valid(model="b.onnx", **cpu, cpu_p50_ms=1.5)
    assert (cells([waiting, calm], "p50 ms"), cells([waiting, calm], "CPU ms")) == (
        ["-", "2.00"],
        ["1.00", "1.50"],
    )
    assert cells([waiting, calm], "vs fastest") == ["1.00x", "1.50x"]
    assert "vs fastest compares CPU time" in shown([waiting, calm])
    phone = valid(model="c.onnx", p50_ms=1.0)
    assert cells([waiting, calm, phone], "vs fastest") == ["-", "2.00x", "1.00x"]
    assert "vs fastest compares wall time" in shown([waiting, calm, phone])


def test_an_invalid_record_shows_its_reason_and_no_statistics() -> None:
    records = [valid(), invalid("the outputs were not finite", model="b.onnx")]
    assert cells(records, "p50 ms") == ["2.00", "invalid"]
    assert cells(records, "p95 ms")[1] == "-"
    for text in (shown(records, 200), markdown(records)):
        assert "invalid, b.onnx, onnxruntime, threads 1: the outputs were not finite" in text


def test_labels_are_as_short_as_they_can_be_and_never_the_same_for_two_models() -> None:
    near = [valid(model=m) for m in ("x/a/m.onnx", "y/a/m.onnx", "x/a/m.onnx")]
    assert labels(near) == ["x/a/m.onnx", "y/a/m.onnx", "x/a/m.onnx"]
    assert labels([valid(model="x/a/m.onnx"), valid(model="x/b/m.onnx")]) == ["a/m.onnx", "b/m.onnx"]
    assert labels([valid(model="x/a/m.onnx")]) == ["m.onnx"]
    assert labels([]) == []


def test_a_warning_of_all_is_said_once() -> None:
    records = [valid(warnings=["load"]), valid(model="b.onnx", warnings=["load", "outliers"])]
    assert remarks(records) == ["warning: load", "warning, b.onnx, onnxruntime, threads 1: outliers"]


SHIPPED = [
    valid(model=f"exports/a/{name}", runtime=runtime, p50_ms=0.679, p90_ms=1.03, p95_ms=0.649, first_ms=38.4,
          bytes=2_300_000, peak_memory_mb=97.1, memory_increase_mb=19.0)
    for name, runtime in (("model_float16.tflite", "litert"), ("model.onnx", "onnxruntime"))
]  # fmt: skip


@pytest.mark.parametrize("width", [40, 64, 80, 88, 200])
def test_names_stay_whole_where_dropping_columns_helps(width: int) -> None:
    text = shown(SHIPPED, width)
    lines = text.splitlines()
    assert all(len(line) <= width for line in lines)
    assert ("model_float16.tflite" in text) == (width > 40)
    assert ("1.00x" in text) == (width >= 88)
    assert ("not shown in" in text) == (width < 88)
    for cells in rows(SHIPPED):
        assert all(cell in text for cell in cells[1:6])
        assert (cells[8] in text) == (width >= 80)


def test_numbers_stay_whole_in_a_narrow_window() -> None:
    record = valid(
        model="a_model_with_a_very_long_name_indeed.onnx", peak_memory_mb=1234.5, memory_increase_mb=1000.1
    )
    text = shown([record])
    for header, cell in zip(HEADERS[1:], rows([record])[0][1:], strict=True):
        assert cell in text or header in text.partition("not shown in 80 columns: ")[2]
    assert {"2.00", "2.80", "2.90", "1.50"} <= set(text.split())
    assert all(len(line) <= 80 for line in text.splitlines())


def test_markdown_is_one_table_whatever_the_file_is_called() -> None:
    text = markdown([valid(model="a|b*.onnx"), invalid("x | y\nz")])
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len(table) == 4
    unescaped = [line.replace("\\|", "").count("|") for line in table]
    assert unescaped == [len(HEADERS) + 1] * 4
    assert "a\\|b\\*.onnx" in table[2]


def test_the_machine_stands_above_the_table() -> None:
    record = valid(machine=machine(governor="performance", virtual=True, cpu_quota=2.0))
    first = markdown([record]).splitlines()[0]
    assert first == "Test CPU, 4 cores (2 granted), virtual machine, governor performance, Linux 6 x86\\_64"


def test_every_format_takes_no_records_at_all() -> None:
    for write in FORMATS.values():
        assert write([])
    assert shown([])
    assert json.loads(FORMATS["json"]([]))["records"] == []


def test_random_weights_are_marked_whatever_the_file_is_called() -> None:
    records = [valid(model="a/model.onnx", name="resnet-50 (untrained)"), valid(model="b/model.onnx")]
    assert labels(records) == ["a/model.onnx (untrained)", "b/model.onnx"]

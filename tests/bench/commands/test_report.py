"""report: documents of several machines in one table and one picture; files that are no documents."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from android_bench.records import documents
from android_bench.records.documents import read_all, read_document
from android_bench.records.phone import CurvePoint, Fingerprint, RunnerFacts
from android_bench.records.record import SCHEMA, Record
from android_bench.reports import plot
from android_bench.reports.tables import headers, json_text, machines, markdown, remarks, rows
from facekp_train.common.console import UserError
from tests.support.phones.sample_records import STATISTICS, invalid, machine, valid

Bench = Callable[..., tuple[int, str, str]]


def phone(**changes: Any) -> Record:
    fields = {
        "device": "adb", "serial": "R5CT", "runtime": "tflite", "delegate": "gpu",
        "machine": machine(cpu="Snapdragon 855", cores=8, os="Android 13", python=None),
        "fingerprint": Fingerprint.model_validate({"manufacturer": "Acme", "model": "One"}),
    }  # fmt: skip
    return valid(**{**fields, **changes})


def written(folder: Path, name: str, *records: Record) -> Path:
    path = folder / name
    folder.mkdir(exist_ok=True)
    path.write_text(json_text(records))
    return path


def cells(records: list[Record], header: str) -> list[str]:
    return [row[headers(records).index(header)] for row in rows(records)]


def test_machines_have_letters_where_there_are_several() -> None:
    records = [valid(), phone(), phone(threads=4)]
    assert machines(records) == [
        "A: Test CPU, 4 cores, governor unknown, Linux 6 x86_64",
        "B: Acme One, Snapdragon 855, 8 cores, governor unknown, Android 13, serial R5CT",
    ]
    assert cells(records, "machine") == ["A", "B", "B"]
    assert cells(records, "delegate") == ["-", "gpu", "gpu"]
    assert "machine" not in headers(records[1:])
    assert "delegate" not in headers(records[:1])


def test_every_machine_has_a_fastest_of_its_own_and_an_emulated_time_is_none() -> None:
    emulated = phone(serial="rig", emulated=True, p50_ms=0.5)
    records = [valid(), phone(p50_ms=8.0), phone(p50_ms=4.0, threads=4), emulated]
    assert cells(records, "vs fastest") == ["1.00x", "2.00x", "1.00x", "-"]
    assert cells(records, "p50 ms")[3] == "0.500 emulated"
    for text in (machines(records)[2], remarks(records)[-1], markdown(records)):
        assert "emulated" in text


def test_what_only_phones_tell() -> None:
    points = [{"seconds": 0, "p50_ms": 2.0}, {"seconds": 600, "p50_ms": 3.0, "temperature_c": 44}]
    curve = [CurvePoint.model_validate(point) for point in points]
    records = [phone(agreement=0.0312, curve=curve), phone(delegate="cpu", warnings=["hot"])]
    assert cells(records, "agree %") == ["3.1", "-"]
    assert remarks(records) == [
        "sustained, model.onnx, tflite, gpu, threads 1: p50 2.00 ms at first, 3.00 ms after 10.0 minutes",
        "warning, model.onnx, tflite, cpu, threads 1: hot",
    ]


def test_engines_of_one_name_are_told_apart_by_runner_or_version() -> None:
    runners = [RunnerFacts.model_validate({"name": name, "why": "asked for"}) for name in ("bionic", "glibc")]
    records = [phone(runner=runner, delegate="cpu", warnings=[runner.name]) for runner in runners]
    assert cells(records, "runtime") == ["tflite bionic", "tflite glibc"]
    assert remarks(records)[1].startswith("warning, model.onnx, tflite glibc, cpu")
    versions = [valid(runtime_version=version) for version in ("1.23.0", "1.32.0", "1.32.0")]
    assert cells(versions, "runtime") == ["onnxruntime 1.23.0", "onnxruntime 1.32.0", "onnxruntime 1.32.0"]
    assert cells([versions[0], invalid(runtime_version=None)], "runtime") == ["onnxruntime", "onnxruntime"]
    assert cells([*versions[1:], phone()], "runtime") == ["onnxruntime", "onnxruntime", "tflite"]


@pytest.mark.parametrize(
    ("maker", "model", "name"),
    [
        ("Acme", "One", "Acme One"), ("HUAWEI", "Huawei P30", "Huawei P30"), (None, "One", "One"),
        ("Acme", None, "Acme"), (None, None, "a phone"),
    ],
)  # fmt: skip
def test_a_phone_is_not_named_after_its_maker_twice(maker: str | None, model: str | None, name: str) -> None:
    assert Fingerprint.model_validate({"manufacturer": maker, "model": model}).name == name


def test_a_runner_that_tells_a_mean_alone() -> None:
    quiet = dict.fromkeys(("p50_ms", "p90_ms", "p95_ms", "outliers"))
    records = [phone(samples_ms=[], timed_runs=60, mean_ms=3.25, **quiet)]
    assert cells(records, "p50 ms") == ["3.25 mean"]
    assert cells(records, "vs fastest") == ["-"]


def test_documents_of_several_machines_in_one_table(tmp_path: Path, bench: Bench) -> None:
    first = written(tmp_path, "a.json", valid(), invalid("it died", model="b.onnx"))
    second = written(tmp_path, "b.json", phone())
    code, stdout, stderr = bench("report", first, second, "--markdown", tmp_path / "new" / "t.md")
    assert code == 0
    assert "Snapdragon 855" in stdout and "Test CPU" in stdout
    assert "invalid, b.onnx, onnxruntime, threads 1, machine A, a.json: it died" in stdout
    assert (tmp_path / "new" / "t.md").read_text().count("\n| ") == 5
    assert "t.md" in stderr


def test_rows_are_named_by_their_document_where_there_are_several(tmp_path: Path, bench: Bench) -> None:
    first, second = (
        written(tmp_path, "a.json", valid()),
        written(tmp_path / "new", "a.json", valid(threads=2)),
    )
    code, stdout, _ = bench("report", first, second)
    assert code == 0
    table = [line.split() for line in stdout.splitlines() if "model.onnx" in line]
    assert [line[0] for line in table] == [f"{tmp_path.name}/a.json", "new/a.json"]
    code, stdout, _ = bench("report", first)
    assert code == 0 and "a.json" not in stdout


def test_a_warning_of_a_machine_is_said_once(tmp_path: Path) -> None:
    hot = [phone(threads=n, warnings=["the battery is low", "hot"]) for n in (1, 2)]
    slow = [valid(threads=n, warnings=["the load was 3"] + ["hot"] * (n == 1)) for n in (1, 2)]
    assert remarks([*hot, *slow]) == [
        "warning, machine A: the battery is low",
        "warning, machine A: hot",
        "warning, machine B: the load was 3",
        "warning, model.onnx, onnxruntime, threads 1, machine B: hot",
    ]
    # A machine's state is another in each document.
    later = [valid(threads=n, warnings=["the load was 1"]) for n in (1, 2)]
    assert remarks([*slow, *later], ["a", "a", "b", "b"])[::2] == [
        "warning, a: the load was 3",
        "warning, model.onnx, onnxruntime, threads 1, a: hot",
    ]


def test_csv_and_html(tmp_path: Path, bench: Bench) -> None:
    name = "=1+1|<b>\x1b.onnx"
    curve = [CurvePoint.model_validate({"seconds": n, "p50_ms": 2.0}) for n in (0, 60)]
    records = [phone(model=name, curve=curve), invalid("it died"), phone(emulated=True, serial="rig")]
    first = written(tmp_path, "a.json", *records)
    second = written(tmp_path, "b.json", valid(p50_ms=2.0000001))
    code, _, stderr = bench(
        "report", first, second, "--csv", tmp_path / "t.csv", "--html", tmp_path / "t.html"
    )
    assert (code, stderr.count("wrote")) == (0, 2)
    with (tmp_path / "t.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["document"] for line in lines] == ["a.json"] * 3 + ["b.json"]
    assert lines[0]["model"] == "'=1+1|<b>?.onnx"
    assert [line["p50_ms"] for line in lines] == ["2.0", "", "2.0", "2.0000001"]
    assert [line["valid"] for line in lines] == ["true", "false", "true", "true"]
    assert lines[1]["invalid_reasons"] == "it died"
    page = (tmp_path / "t.html").read_text()
    assert page.count("<svg") == 4  # three machines' runs and a curve
    assert "&lt;b&gt;" in page and "<b>" not in page and "\x1b" not in page and "emulated" in page


def test_what_is_named_twice_counts_once(tmp_path: Path, bench: Bench) -> None:
    first = written(tmp_path, "a.json", valid(), phone())
    second = written(tmp_path, "b.json", phone(), phone(threads=4))
    found = read_all([first, first, second])
    assert found.records == [valid(), phone(), phone(threads=4)]
    assert found.sources == [first, first, second]
    assert [note.partition(": ")[2] for note in found.notes] == [
        "2 of its 2 records were read already and count once",
        "1 of its 2 records were read already and count once",
    ]
    code, _, stderr = bench("report", first, first)
    assert (code, stderr.count("note: ")) == (0, 1)


@pytest.mark.parametrize("suffix", plot.SUFFIXES)
def test_a_picture(suffix: str, tmp_path: Path, bench: Bench) -> None:
    pytest.importorskip("matplotlib", reason="draws with matplotlib (extra train)")
    curve = [CurvePoint.model_validate({"seconds": n, "p50_ms": 2.0, "temperature_c": 30}) for n in (0, 60)]
    records = [
        valid(model="a/$b$^{_.onnx"), invalid(model="ユニ.onnx"), phone(curve=curve),
        phone(serial="rig", emulated=True, p50_ms=99.0, curve=curve),
        phone(samples_ms=[0.0] * 3, **dict.fromkeys(STATISTICS, 0)),
    ]  # fmt: skip
    path = written(tmp_path, "a.json", *records)
    code, _, stderr = bench("report", path, "--plot", tmp_path / f"p{suffix}")
    assert (code, stderr) == (0, f"wrote {tmp_path}/p{suffix}\n")
    start = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}[suffix]
    content = (tmp_path / f"p{suffix}").read_bytes()
    assert content.startswith(start)
    if suffix == ".svg":
        # Text is drawn as paths, each named in a comment.
        assert content.count(b"99.0 emulated") == 1
        assert content.count(b"invalid") == 1


def test_a_panel_for_each_machine_and_one_for_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = pytest.importorskip("matplotlib.figure", reason="draws with matplotlib (extra train)")
    drawn: list[Any] = []
    monkeypatch.setattr(figure.Figure, "savefig", lambda self, *_, **__: drawn.append(self))
    curve = [CurvePoint.model_validate({"seconds": n, "p50_ms": 2.0}) for n in (0, 60)]
    plot.plot(tmp_path / "p.png", [valid(p95_ms=2.9), valid(p50_ms=1.0, p95_ms=40.0), phone(curve=curve)])
    first, second, third = drawn[0].axes
    assert [bar.get_width() for bar in first.patches] == [2.0, 1.0]
    assert [text.get_text() for text in first.texts] == ["2.00 / 2.90", "1.00 / 40.0"]
    assert max(line.get_xdata()[1] for line in first.lines) == 4.0
    assert [bar.get_width() for bar in second.patches] == [2.0]
    assert list(third.lines[0].get_xdata()) == [0, 1]


def test_pictures_that_cannot_be_made(tmp_path: Path, bench: Bench) -> None:
    pytest.importorskip("matplotlib", reason="needs facekp[train]")
    path = written(tmp_path, "a.json", valid())
    many = written(tmp_path, "many.json", *(valid(threads=n) for n in range(1, plot.MOST_BARS + 2)))
    (tmp_path / "folder.png").mkdir()
    for document, target, says in (
        (path, tmp_path / "p.gif", "ends in"),
        (path, tmp_path / "plot", "ends in"),
        (path, tmp_path / "folder.png", "is a folder"),
        (path, path / "p.png", "is not a folder that you can write to"),
        (many, tmp_path / "p.png", "120 records at most"),
    ):
        code, _, stderr = bench("report", document, "--plot", target)
        assert code == 1
        assert says in stderr
        assert stderr.count("\n") == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "folder.png", "many.json"]
    code, _, stderr = bench("report", path, "--markdown", tmp_path)
    assert (code, "is a folder" in stderr) == (1, True)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path, bench: Bench) -> None:
    path = written(tmp_path, "a.json", valid())
    (tmp_path / "closed").mkdir(mode=0o500)
    code, _, stderr = bench("report", path, "--plot", tmp_path / "closed" / "p.png")
    assert (code, "nothing can be written there" in stderr) == (1, True)


def test_without_matplotlib_the_extra_is_named(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, stdout, stderr = bench("report", written(tmp_path, "a.json", valid()), "--plot", tmp_path / "p.png")
    assert (code, stdout) == (1, "")
    assert "facekp[train]" in stderr


WHOLE = json_text([valid(), phone()])


def changed(**changes: Any) -> str:
    document = json.loads(WHOLE)
    document["records"][1] |= changes
    return json.dumps(document)


HOSTILE = {
    "empty": ("", "cut short"),
    "cut short": (WHOLE[: len(WHOLE) // 2], "cut short"),
    "no JSON": ("model | p50\n", "not JSON"),
    "a number": ("3", "not a document"),
    "a list": ("[]", "not a document"),
    "another document": ('{"version": 1}', "not a document"),
    "schema is a number": ('{"schema": 1}', "not a document"),
    "another version": (WHOLE.replace(SCHEMA, "facekp-bench/99"), "'facekp-bench/99'"),
    "a comparison": ('{"schema": "facekp-bench-compare/1"}', "facekp-bench-compare"),
    "an escape as version": ('{"schema": "\\u001b[2J"}', "version '\\x1b[2J'"),
    "no records": (f'{{"schema": "{SCHEMA}", "records": []}}', "no records"),
    "records are text": (f'{{"schema": "{SCHEMA}", "records": "all"}}', "records: Input should be"),
    "deep": ('{"schema": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested deeper"),
    "deep objects": ('{"a": ' * 100_000, "nested deeper"),
    "a field of the document": (WHOLE.replace('"records"', '"more": 1, "records"'), "'more' is not known"),
    "two lists of records": (WHOLE.replace('"records"', '"records": [], "records"'), "gives a field twice"),
    "damaged all": (WHOLE.replace('"threads": 1', '"threads": 0'), "records[0].threads: Input should be"),
    "NaN": (WHOLE.replace('"p50_ms": 2.0', '"p50_ms": NaN'), "NaN is not a number"),
    "infinite": (WHOLE.replace('"p50_ms": 2.0', '"p50_ms": 1e999'), "p50_ms"),
    "endless digits": (WHOLE.replace('"threads": 1', '"threads": ' + "9" * 10_000), "cut short"),
    "half a character": (WHOLE.replace("model.onnx", "\\ud800"), "Invalid JSON"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("command", ["report", "compare"])
def test_a_file_that_is_no_document_is_named_in_one_sentence(
    name: str, command: str, tmp_path: Path, bench: Bench
) -> None:
    text, says = HOSTILE[name]
    good, bad = written(tmp_path, "good.json", valid()), tmp_path / "it's bad;.json"
    bad.write_text(text)
    code, stdout, stderr = bench(command, good, bad)
    assert (code, stdout) == (1, "")
    assert stderr.startswith(f"error: {bad}")
    assert says in stderr
    assert stderr.count("\n") == 1
    assert len(stderr) < 700 + len(str(bad))
    assert "\x1b" not in stderr


ONE_DAMAGED = {
    "a newer field": (changed(carbon=1), "'records[1].carbon' is not known"),
    "a field that drives the terminal": (changed(**{"\x1b[2J": 1}), "is not known"),
    "a contradiction": (changed(p95_ms=None), "records[1]: a valid record has all"),
    "negative": (changed(p50_ms=-1.0), "records[1].p50_ms"),
    "a hash too short": (changed(sha256="abc"), "sha256"),
    "infinite": (changed(agreement=7).replace('"agreement": 7', '"agreement": 1e999'), "[1].agreement"),
    "a field twice": (WHOLE.replace('"serial": "R5CT"', '"serial": "A", "serial": "R5CT"'), "a field twice"),
    "half a character": (WHOLE.replace("R5CT", "\\ud800"), "Invalid JSON"),
    "no record": (json.dumps({"schema": SCHEMA, "records": [*json.loads(WHOLE)["records"][:1], 3]}), "[1]"),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_DAMAGED)
def test_one_damaged_record_does_not_lose_the_others(name: str, tmp_path: Path, bench: Bench) -> None:
    text, says = ONE_DAMAGED[name]
    bad, good = tmp_path / "bad.json", written(tmp_path, "good.json", valid(), phone())
    bad.write_text(text)
    left_out: list[str] = []
    assert read_document(bad, left_out) == [valid()]
    assert len(left_out) == 1 and left_out[0].startswith(f"{bad}: 1 of its 2 records, the first: ")
    with pytest.raises(UserError, match=r"records\[1\]"):
        read_document(bad)
    code, stdout, stderr = bench("report", bad)
    assert code == 0 and "model.onnx" in stdout
    assert stderr.startswith("note: left out: ") and says in stderr and stderr.count("\n") == 1
    # A gate of a script does not pass on what it could not read; what it compares with may be short.
    for sides, expected in (((good, bad), 1), ((bad, good), 0)):
        code, stdout, stderr = bench("compare", *sides)
        assert (code, stderr.count("error: ")) == (expected, expected)
        assert "+0.0 %" in stdout and says in stdout and (says in stderr) == bool(expected)
        assert "\x1b" not in stdout + stderr


def field_names() -> list[str]:
    return list(json.loads(WHOLE)["records"][1])


@pytest.mark.parametrize("value", ["missing", None, [], {}, "x", -1, 10**90])
def test_records_of_other_people(value: Any, tmp_path: Path, bench: Bench) -> None:
    """Each field in turn is missing, null or of another type: it is read, or left out and named."""
    path = tmp_path / "other.json"
    for field in field_names():
        document = json.loads(WHOLE)
        if value == "missing":
            del document["records"][1][field]
        else:
            document["records"][1][field] = value
        path.write_text(json.dumps(document))
        left_out: list[str] = []
        found = read_document(path, left_out)
        assert found[0] == valid() and len(found) + len(left_out) == 2
        assert all("records[1]" in sentence and "\n" not in sentence for sentence in left_out)


def test_copies_of_a_record_are_no_repeats(tmp_path: Path, bench: Bench) -> None:
    path = written(tmp_path, "a.json", *[valid()] * 9)
    code, _, stderr = bench("report", path)
    assert code == 0 and "8 of its 9 records stand there twice" in stderr
    code, stdout, _ = bench("compare", path, path)
    assert code == 0 and "9 + 9" not in stdout and "8 of the 9 records before" in stdout


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary, large = tmp_path / "b.json", written(tmp_path, "l.json", valid())
    binary.write_bytes(b"\xff\xfe\x00")
    monkeypatch.setattr(documents, "LARGEST_BYTES", 100)
    for path, says in (
        (tmp_path, "is a folder"),
        (tmp_path / "gone.json", "no such file"),
        (binary, "not text"),
        (large, "larger than"),
        (large / "x.json", "cannot be read"),
    ):
        with pytest.raises(UserError, match=says):
            read_document(path)


@pytest.mark.parametrize("share", range(0, 100, 7))
def test_a_document_cut_anywhere_is_refused(share: int, tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_text(WHOLE[: len(WHOLE.rstrip()) * share // 100])
    with pytest.raises(UserError, match="cut short"):
        read_document(path)


def test_names_cannot_drive_the_terminal(tmp_path: Path, bench: Bench) -> None:
    name = "\x1b]0;pwned\x07[red]m|.onnx\n| forged |"
    record = phone(model=name, warnings=[name], serial=f"s{name}")
    code, stdout, _ = bench("report", written(tmp_path, "a.json", record), "--markdown", tmp_path / "t.md")
    assert code == 0
    assert "[red]m|.onnx" in stdout
    for text in (stdout, (tmp_path / "t.md").read_text()):
        assert not any(ord(c) < 32 and c != "\n" for c in text)
    table = [line for line in (tmp_path / "t.md").read_text().splitlines() if line.startswith("|")]
    assert len(table) == 3


def test_report_needs_a_document(bench: Bench) -> None:
    assert bench("report")[0] == 2

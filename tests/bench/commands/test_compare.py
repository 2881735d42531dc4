"""facekp-bench compare: what it prints, and the exit codes that scripts go by."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from android_bench.reports.tables import json_text
from tests.support.phones.sample_records import invalid, noisy, valid

Bench = Callable[..., tuple[int, str, str]]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A document, and one in which one of three models became slower by a fifth."""
    paths = tmp_path / "before file.json", tmp_path / "after.json"
    hashes = ["1" * 64, "2" * 64, "3" * 64]
    for path, factors in zip(paths, ((1.0, 1.0, 1.0), (1.2, 1.0, 0.7)), strict=True):
        records = [
            noisy(2 * factor, seed=n, sha256=sha, model=f"m/{n}.onnx")
            for n, (sha, factor) in enumerate(zip(hashes, factors, strict=True))
        ]
        path.write_text(json_text([*records, invalid("broken", model="b/x.onnx", sha256="4" * 64)]))
    return paths


def test_a_regression_is_shown_and_ends_with_1(
    files: tuple[Path, Path], bench: Bench, tmp_path: Path
) -> None:
    code, stdout, stderr = bench("compare", *files, "--markdown", tmp_path / "t.md")
    assert code == 1
    assert "1 of 3 became slower by more than 5 %; the most: m/0.onnx on onnxruntime, +20" in stderr
    lines = [line.split() for line in stdout.splitlines() if line.startswith("m/")]
    assert [(line[0], line[-1]) for line in lines] == [
        ("m/0.onnx", "slower"), ("m/1.onnx", "same"), ("m/2.onnx", "faster"),
    ]  # fmt: skip
    assert "left out: b/x.onnx, onnxruntime, cpu, threads 1, before: invalid, broken" in stdout
    text = (tmp_path / "t.md").read_text()
    assert text.count("\n| ") == 5
    assert "left out" in text


def test_documents_are_named_and_written_as_csv_and_html(
    files: tuple[Path, Path], bench: Bench, tmp_path: Path
) -> None:
    code, stdout, _ = bench("compare", *files, "--csv", tmp_path / "t.csv", "--html", tmp_path / "t.html")
    assert code == 1
    assert stdout.startswith("before: before file.json\nafter: after.json\n")
    with (tmp_path / "t.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [(line["model"], line["verdict"]) for line in lines] == [
        ("m/0.onnx", "slower"), ("m/1.onnx", "same"), ("m/2.onnx", "faster"),
    ]  # fmt: skip
    assert float(lines[0]["change"]) == pytest.approx(0.2, abs=0.05)
    page = (tmp_path / "t.html").read_text()
    assert "before: before file.json" in page and page.count("<tr>") == 4
    assert bench("compare", *files, "--csv", tmp_path)[0] == 1


def test_what_holds_of_a_whole_machine_is_said_once(tmp_path: Path, bench: Bench) -> None:
    sides = [("old", "1", {}), ("new", "2", {"cpus": [7]})]
    for name, version, changes in sides:
        records = [
            noisy(2, model=f"m/{n}.onnx", sha256=str(n) * 64, runtime_version=version) for n in (1, 2, 3)
        ]
        records[0] = records[0].model_copy(update=changes)
        (tmp_path / f"{name}.json").write_text(json_text(records))
    code, stdout, _ = bench("compare", tmp_path / "old.json", tmp_path / "new.json")
    assert code == 0
    notes = [line for line in stdout.splitlines() if "another" in line]
    assert notes[:2] == [
        "all: another runtime's version: 1 before, 2 after",
        "m/1.onnx, onnxruntime, threads 1: another cores used: none before, [7] after",
    ]


def test_what_is_no_regression_ends_with_0(files: tuple[Path, Path], bench: Bench) -> None:
    for words in ((*files, "--tolerance", "25"), (files[0], files[0])):
        code, stdout, _ = bench("compare", *words)
        assert (code, "slower" in stdout) == (0, False)


def test_what_broke_ends_with_1_beside_the_rest_and_alone(
    files: tuple[Path, Path], bench: Bench, tmp_path: Path
) -> None:
    kept = noisy(2, model="m/1.onnx", sha256="2" * 64)
    broken = invalid("out of memory", model="m/0.onnx", sha256="1" * 64)
    for name, records, changes in (("both.json", [broken, kept], 1), ("alone.json", [broken], 0)):
        (tmp_path / name).write_text(json_text(records))
        code, stdout, stderr = bench("compare", files[0], tmp_path / name, "--json")
        document = json.loads(stdout)
        assert (code, len(document["changes"]), document["regressions"]) == (1, changes, 0)
        assert document["broken"] == ["m/0.onnx, onnxruntime, cpu, threads 1: out of memory"]
        assert "1 valid before and invalid after; the first: m/0.onnx" in stderr
        assert stderr.count("\n") == 1


def test_json_of_a_comparison(files: tuple[Path, Path], bench: Bench) -> None:
    code, stdout, _ = bench("compare", *files, "--json")
    document = json.loads(stdout)
    assert (code, document["schema"], document["regressions"]) == (1, "facekp-bench-compare/1", 1)
    assert [change["verdict"] for change in document["changes"]] == ["slower", "same", "faster"]
    assert document["changes"][0]["change"] == pytest.approx(0.2, abs=0.01)
    assert len(document["left_out"]) == 2


def test_nothing_to_compare_is_an_error(tmp_path: Path, bench: Bench) -> None:
    for name, record in (("a.json", invalid("no phone")), ("b.json", valid())):
        (tmp_path / name).write_text(json_text([record]))
    code, stdout, stderr = bench("compare", tmp_path / "a.json", tmp_path / "b.json")
    assert (code, stdout) == (1, "")
    assert "can be compared" in stderr and "invalid, no phone" in stderr
    assert stderr.count("\n") == 1


def test_wrong_usage_ends_with_2(files: tuple[Path, Path], bench: Bench) -> None:
    for words in (
        (files[0],),
        (*files, "--tolerance", "-1"),
        (*files, "--tolerance", "much"),
        (*files, files[0]),
    ):
        assert bench("compare", *words)[0] == 2

"""facekp-bench decide: shipped models, records joined by SHA-256, true faces, exit codes for scripts."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from android_bench.records.record import Document, Record
from android_bench.reports.tables import json_text
from facekp_train.common.files import sha256_of
from facekp_train.common.shipped import shipped_models_dir
from tests.support.files.annotated_faces import annotated
from tests.support.models.tiny_models import tiny_tflite
from tests.support.phones.sample_records import machine, valid

Bench = Callable[..., tuple[int, str, str]]
MODELS = shipped_models_dir()


def files_of(model: str) -> Iterator[Path]:
    return (path for path in sorted((MODELS / model).iterdir()) if path.suffix in (".onnx", ".tflite"))


def records_of(model: str, p50_ms: float, **changes: Any) -> list[Record]:
    """A phone's records of a shipped model: the int8 file takes that long, the others five times that."""
    phone = {"device": "adb", "serial": "S", "machine": machine(cpu="Chip")}
    return [
        valid(
            sha256=sha256_of(path), model=str(path), p50_ms=p50_ms * (1 if "int8.t" in path.name else 5),
            **{**phone, **changes},
        )
        for path in files_of(model)
    ]  # fmt: skip


@pytest.fixture
def phones(tmp_path: Path) -> Path:
    path = tmp_path / "phones.json"
    path.write_text(json_text([*records_of("mdp-1x", 3.0), *records_of("mdp-0.25x", 1.0)]))
    return path


def decision(stdout: str) -> dict[str, Any]:
    document = json.loads(stdout)
    assert document["schema"] == "facekp-decision/1"
    return document


def test_shipped_models_and_records_are_all_it_needs(phones: Path, bench: Bench, tmp_path: Path) -> None:
    words = "decide", "mdp-1x", "mdp-0.25x", "--records", phones
    code, stdout, _ = bench(*words, "--json", "--out", tmp_path / "new" / "d.json")
    assert code == 0
    document = decision(stdout)
    assert len(document["files"]) == 12
    assert document["recommended"] == sha256_of(MODELS / "mdp-1x/model_int8.tflite")
    assert "within 2 % NME of the best" in document["reason"]
    assert json.loads((tmp_path / "new" / "d.json").read_text()) == document
    code, stdout, _ = bench(*words, "--max-nme-loss", "20 %", "--markdown", tmp_path / "d.md")
    assert code == 0
    assert stdout.startswith("mdp-0.25x/model_int8.tflite: the fastest within 20 % NME of the best")
    assert (tmp_path / "d.md").read_text().startswith("**mdp-0.25x/model\\_int8.tflite")


@pytest.mark.parametrize(
    "words", [("--max-ms", "0.5"), ("--max-mb", "0.1"), ("--max-nme-loss", "0")], ids=str
)
def test_nothing_within_the_limits_ends_with_1(words: tuple[str, ...], phones: Path, bench: Bench) -> None:
    int8 = MODELS / "mdp-1x/model_int8.tflite", MODELS / "mdp-0.25x/model_int8.tflite"
    # The one that has the lowest NME has no time here.
    files = int8 if words[0] != "--max-nme-loss" else (int8[1], MODELS / "mdp-1x/model.onnx")
    records = phones if words[0] != "--max-nme-loss" else phones.parent / "one.json"
    (phones.parent / "one.json").write_text(json_text(records_of("mdp-0.25x", 1.0)))
    code, stdout, stderr = bench("decide", *files, "--records", records, *words, "--json")
    assert code == 1
    assert decision(stdout)["recommended"] is None
    assert "error: no file of 2 lies within the limits" in stderr


def test_emulated_records_decide_nothing(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "rig.json").write_text(json_text(records_of("mdp-0.25x", 1.0, emulated=True)))
    code, stdout, stderr = bench("decide", "mdp-0.25x", "--records", tmp_path / "rig.json", "--json")
    document = decision(stdout)
    assert (code, document["recommended"]) == (1, None)
    assert all(device["emulated"] for file in document["files"] for device in file["devices"])
    assert "emulated: an emulated processor computed" in stderr


def test_what_no_record_has_is_measured_here(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = tmp_path / "a"
    export.mkdir()
    for name in ("model_int8.tflite", "model_dynamic.tflite", "manifest.json"):
        shutil.copy(MODELS / "mdp-0.25x" / name, export)
    code, stdout, _ = bench("--models", export / "model_int8.tflite", "--json", "--min-seconds", "0.1")
    assert code == 0
    (tmp_path / "earlier.json").write_text(stdout)
    before = Document.model_validate_json(stdout).records[0]
    code, stdout, _ = bench(
        "decide", export, "--records", tmp_path / "earlier.json", "--device", "cpu", "--json"
    )
    assert code == 0
    files = {file["kind"]: file for file in decision(stdout)["files"]}
    assert files["int8"]["devices"][0]["first_ms"] == before.first_ms
    assert files["dynamic"]["devices"][0]["p50_ms"] > 0
    # Without a float file there is nothing that an NME could have changed from.
    assert [files[kind]["nme_change"] for kind in files] == [None, None]


def test_a_file_of_several_exports_is_every_one_s_float_file(
    phones: Path, bench: Bench, tmp_path: Path
) -> None:
    for name, kind in (("a", "int8"), ("b", "dynamic")):
        (tmp_path / name).mkdir()
        for file in (f"model_{kind}.tflite", "model_float32.tflite", "manifest.json"):
            shutil.copy(MODELS / "mdp-0.25x" / file, tmp_path / name)
    shutil.copy(MODELS / "mdp-0.25x" / "model_int8.tflite", copy := tmp_path / "ships.tflite")
    code, stdout, stderr = bench(
        "decide", copy, tmp_path / "a", tmp_path / "b", "--records", phones, "--records", phones, "--json"
    )
    assert code == 0
    files = {file["kind"]: file for file in decision(stdout)["files"]}
    assert list(files) == ["int8", "float32", "dynamic"]
    assert all(file["nme"] for file in files.values())
    assert files["float32"]["nme_change"] == 0
    assert files["int8"]["nme_change"] > 0.5 and files["dynamic"]["nme_change"] > 0
    assert f"ships.tflite: the same file as {tmp_path / 'a' / 'model_int8.tflite'}" in stderr
    assert f"{phones}: 12 of its 12 records were read already and count once" in stderr


def test_faces_are_measured_and_the_worst_are_shown(bench: Bench, tmp_path: Path, phones: Path) -> None:
    for name in "ab":
        annotated(tmp_path / "faces", f"{name}.png")
    page = tmp_path / "d.html"
    words = MODELS / "mdp-0.25x/model_int8.tflite", MODELS / "mdp-0.25x/model_float32.tflite"
    code, stdout, stderr = bench(
        "decide", *words, "--data", f"pts:{tmp_path / 'faces'}", "--records", phones, "--html", page,
        "--max-nme-loss", "100", "--json",
    )  # fmt: skip
    assert code == 0, stderr
    int8, float32 = decision(stdout)["files"]
    assert int8["nme"] > 0 and int8["failures"] == 100
    assert int8["nme_change"] == pytest.approx((int8["nme"] / float32["nme"] - 1) * 100)
    text = page.read_text()
    assert text.count("data:image/jpeg;base64,") == 2
    assert re.search(r"measured on this computer by litert, \d{4}", text)
    assert "2 faces, over" in text
    assert "https:" not in text and "http:" not in text


def test_a_phone_is_measured_and_an_emulated_one_decides_nothing(
    measure: Callable[..., tuple[int, list[Any], str]], bench: Bench, odd_model: Path
) -> None:
    code, stdout, stderr = bench(
        "decide", odd_model, "--device", "adb", "--quick", "--allow-missing", "--json"
    )
    document = decision(stdout)
    (device,) = document["files"][0]["devices"]
    assert (code, document["recommended"]) == (1, None)
    assert "a first look" in stderr
    assert device["emulated"] and device["parity_ok"] and device["p50_ms"] > 0


def test_a_foreign_and_a_damaged_file_are_named(bench: Bench, tmp_path: Path) -> None:
    annotated(tmp_path / "faces", "a.png")
    foreign = tiny_tflite(tmp_path / "foreign.tflite")
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes((MODELS / "mdp-0.25x/model_int8.tflite").read_bytes()[:5000])
    records = tmp_path / "r.json"
    records.write_text(json_text([valid(sha256=sha256_of(foreign))]))
    words = "decide", foreign, damaged, "--records", records
    code, stdout, stderr = bench(*words, "--data", f"pts:{tmp_path / 'faces'}")
    assert code == 1 and "Traceback" not in stderr
    assert "foreign.tflite: no facekp metadata inside" in stdout
    assert "damaged.tflite: " in stdout
    code, stdout, _ = bench(*words, "--allow-missing", "--json")
    document = decision(stdout)
    assert (code, document["recommended"]) == (0, sha256_of(foreign))
    assert document["files"][0]["name"] == "foreign.tflite"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "Missing argument"),
        (
            ("no-such-model",),
            1,
            "no such file or folder; give an exported file, a folder of some, or a",
        ),
        (("mdp-1x", "--device", "tpu"), 2, "is not one of cpu, adb"),
        (("mdp-1x", "--max-nme-loss", "two"), 2, "is not a percentage"),
        (("mdp-1x", "--normalizer", "box"), 2, "--data"),
        (("mdp-1x", "--quick"), 2, "--device adb"),
        (("mdp-1x", "--split", "train"), 2, "--data"),
        (("mdp-1x", "--data", "nosuch:x"), 2, "nosuch"),
        (("mdp-1x", "--records", "gone.json"), 1, "no such file"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_measured(
    words: tuple[str, ...], code: int, says: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("android_bench.host.bench.bench_models", None)
    ended, stdout, stderr = bench("decide", *words)
    assert (ended, stdout) == (code, "")
    assert says in stderr

"""Damaged answers of phones and damaged documents: each ends its own job, in a sentence and no traceback."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from android_bench.phone import watch
from android_bench.phone.adb.adb import Adb, Answer
from android_bench.phone.adb.shell import Phone, Result
from android_bench.phone.parity import reference_of
from android_bench.phone.runner import official_output
from android_bench.phone.runner.run import RunError, answer_of, delegated_nodes
from android_bench.phone.session import Session
from android_bench.phone.settings import Settings
from android_bench.records.documents import read_document
from android_bench.records.phone import CurvePoint, Fingerprint
from android_bench.records.record import Document, Record
from android_bench.reports.compare import compare
from android_bench.reports.pages import records_page
from android_bench.reports.separated import records_csv
from android_bench.reports.tables import json_text, markdown, terminal
from android_bench.timing import StopRule
from facekp_train.common.console import UserError, visible
from tests.support.phones import mutations
from tests.support.phones.replay import ReplayedAdb, Transcript, known
from tests.support.phones.sample_records import invalid, valid

CASES = int(os.environ.get("FACEKP_FUZZ", "100"))
LOGS = Path(__file__).parents[1] / "cases" / "phone-outputs"
Measure = Callable[..., tuple[int, list[Any], str]]
ANSWER = (
    '{"runner": 1, "engine": "tflite", "engine_version": "2.16.1", "delegate": "cpu", "threads": 1, '
    '"pinned": true, "load_ms": 3.0, "first_ms": 2.0, "warmup_runs": 1, "samples_ns": [1000000, 1001000], '
    '"peak_memory_kb": 20000, "base_memory_kb": 5000, '
    '"inputs": [{"name": "a", "shape": [1, 64], "dtype": "float32"}], '
    '"outputs": [{"name": "c", "shape": [1, 64], "dtype": "float32"}]}'
)
OFFICIAL = """INFO: count=9 first=49060 curr=34017 min=33980 max=49060 avg=35822.4 std=4683
INFO: count=50 first=32891 curr=33978 min=32641 max=34005 avg=33209.4 std=450 p5=3 median=33000 p95=33900
INFO: Inference timings in us: Init: 855, First inference: 49060, Warmup (avg): 35822.4, Inference (avg): 3.4
INFO: Memory footprint delta from the start of the tool (MB): init=1.2 overall=8.5
"""
GPU_LOG = (
    "INFO: Initialized OpenCL-based API.\nINFO: Created 1 GPU delegate kernels.\nReplacing 66 out of 67 "
    "node(s) with delegate (TfLiteGpuDelegateV2) node, yielding 2 partitions\n"
)


def shown(records: list[Record]) -> str:
    """All that is ever made of records, as one text."""
    screen = io.StringIO()
    Console(file=screen, width=100).print(terminal(records, 100))
    names = [str(number) for number in range(len(records))]
    return screen.getvalue() + markdown(records, names) + records_csv(records, names) + records_page(records)


def expect_sentence(error: Exception) -> None:
    text = visible(str(error))
    assert text.strip() and "\x1b" not in text and len(str(error).splitlines()) == 1


def expect_sense(read: Callable[[], object], refusal: type[Exception]) -> None:
    """It is read, or refused in a sentence."""
    try:
        assert read()
    except refusal as error:
        expect_sentence(error)


def test_runners_lines() -> None:
    for line in mutations.documents(ANSWER, CASES):
        expect_sense(lambda line=line: answer_of(Result(0, line, "")), RunError)


def test_what_the_official_tool_prints() -> None:
    stderr = (LOGS / "litert_opengl" / "stderr").read_text()
    for text in mutations.texts(OFFICIAL, CASES):
        expect_sense(lambda text=text: official_output.parse(text, stderr, "cpu"), ValueError)
    for text in mutations.texts(GPU_LOG, CASES):
        expect_sense(lambda text=text: delegated_nodes(text, "gpu"), RunError)


def test_documents_of_records(tmp_path: Path) -> None:
    curve = [CurvePoint.model_validate({"seconds": n, "p50_ms": 2.0}) for n in (0, 60)]
    phone = Fingerprint.model_validate({"manufacturer": "Acme", "model": "One", "clusters": [{"cpus": [0]}]})
    records = [
        valid(), valid(cpu_samples_ms=[1.0, 2.0, 3.0], cpu_p50_ms=2.0, threads=2), invalid("it died"),
        valid(device="adb", serial="S", delegate="gpu", fingerprint=phone, curve=curve),
    ]  # fmt: skip
    path, read = tmp_path / "d.json", 0
    for text in mutations.documents(json_text(records), CASES):
        path.write_text(text, encoding="utf-8", errors="replace")
        try:
            found = read_document(path)
        except UserError as error:
            expect_sentence(error)
            assert str(error).startswith(str(path))
            continue
        read += 1
        assert "\x1b" not in shown(found)
        compare(records, found, 0.05)
    assert 0 < read < CASES


@pytest.fixture
def transcript(measure: Measure, monkeypatch: pytest.MonkeyPatch) -> Transcript:
    """All that a phone said in one measurement that went well."""
    kept, true = Transcript(), Adb.call

    def call(self: Adb, *words: str, **options: Any) -> Answer:
        answer = true(self, *words, **options)
        kept.keep(known(words), answer)
        return answer

    monkeypatch.setattr("secrets.token_hex", lambda size: "00" * size)
    monkeypatch.setattr(Adb, "call", call)
    code, (record,), _ = measure("--repeat", "1")
    assert code == 0 and record.valid
    return kept


def test_a_phone_that_garbles_any_answer(
    transcript: Transcript, odd_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "COOL_SECONDS", 0.0)
    settings = Settings(repeat=1, rule=StopRule(5, 0.0))
    reference = reference_of(odd_model)

    def measured(said: Transcript) -> tuple[list[Record], str | None]:
        phone = Phone(ReplayedAdb(said), "TEST")  # type: ignore[arg-type]
        session = Session(phone, {odd_model: reference}, settings, lambda *_: None)
        session.run()
        return session.records(), session.error

    records, error = measured(transcript)
    assert error is None and records[0].valid, "a replay alone changes nothing"
    chance, refused = random.Random(0), 0
    for seed in range(CASES):
        place = chance.randrange(len(transcript.order))
        words, number = transcript.order[place]
        text = mutations.spoiled_once(transcript.answers[words][number].stdout.decode(), seed)
        records, error = measured(transcript.spoiled(place, text.encode("utf-8", "replace")))
        if error is not None:
            expect_sentence(UserError(error))
        assert error or records
        document = Document.model_validate_json(json_text(records)) if records else None
        assert document is None or "\x1b" not in shown(document.records)
        refused += bool(error) or not all(record.valid for record in records)
    assert refused > CASES / 4

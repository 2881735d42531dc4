"""A record and its document: what they accept, that they survive the way through JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from android_bench.records.phone import (
    CoreCluster,
    CurvePoint,
    Fingerprint,
    Parity,
    Repeat,
    RunnerFacts,
    State,
)
from android_bench.records.record import SCHEMA, Document, Machine, Record, Tensor
from tests.support.phones.sample_records import STATISTICS, invalid, machine, valid

DIFFERS = Parity(
    inputs=1, source="noise", reference="litert", max_abs=0.5, mean_px=None, tolerance=0.1,
    tolerance_px=None, ok=False,
)  # fmt: skip


def test_a_document_survives_json() -> None:
    records = [valid(inputs=[Tensor(name="x", shape=[1, 2], dtype="float32")], warnings=["load"]), invalid()]
    document = Document(schema=SCHEMA, records=records)
    text = document.to_json()
    assert list(json.loads(text)) == ["schema", "records"]
    assert Document.model_validate_json(text) == document


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
            "Mobile Safari/537.36",
            "(Linux; Android 10; K) Chrome/120.0.0.0",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
         "(X11; Linux x86_64; rv:128.0) Firefox/128.0"),
        ("another", "another"),
    ],
)  # fmt: skip
def test_a_browser_is_called_by_what_it_alone_says(told: str, name: str) -> None:
    assert valid(device="browser", machine=machine(cpu=told)).machine_name == name
    assert valid(machine=machine(cpu=told)).machine_name == told


def test_an_invalid_record_keeps_its_samples_and_has_no_statistics() -> None:
    assert invalid().samples_ms == [1.0, 2.0, 3.0]
    with pytest.raises(ValidationError, match="no statistics"):
        Record.model_validate(invalid().model_dump() | {"p50_ms": 2.0})


@pytest.mark.parametrize(
    "changes",
    [
        {"invalid_reasons": ["it died"]},
        {"valid": False},
        {"p95_ms": None},
        {"first_ms": None},
        {"samples_ms": [1.0, 2.0]},
        {"p50_ms": math.nan},
        {"samples_ms": [1.0, 2.0, math.inf]},
        {"mean_ms": -1.0},
        {"sha256": "short"},
        {"threads": 0},
        {"p50": 2.0},
        {"cpu_samples_ms": [1.0, 2.0], "cpu_p50_ms": 1.5},
        {"cpu_samples_ms": [1.0, 2.0, 3.0]},
        {"cpu_p50_ms": 2.0},
        {"parity": DIFFERS},
    ],
    ids=str,
)
def test_a_record_that_contradicts_itself_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        valid(**changes)


def test_cpu_time_alone_makes_a_record_and_an_older_one_has_none() -> None:
    cpu = {"cpu_samples_ms": [1.0, 2.0, 3.0], "cpu_p50_ms": 2.0}
    assert valid(**cpu, **dict.fromkeys(STATISTICS)).p50_ms is None
    with pytest.raises(ValidationError, match="all its statistics"):
        valid(**cpu, p95_ms=None)
    older = valid().model_dump(exclude={"cpu_samples_ms", "cpu_p50_ms", "load_after"})
    assert Record.model_validate(older).cpu_p50_ms is None


def test_a_runner_that_keeps_its_samples_tells_their_number() -> None:
    figures = {
        "timed_runs": 60,
        "samples_ms": [],
        "p90_ms": None,
        "outliers": None,
        "p50_ms": None,
        "p95_ms": None,
    }
    assert valid(**figures).mean_ms == 2.0
    for changes in ({"samples_ms": [1.0]}, {"timed_runs": 2}, {"mean_ms": None}, {"first_ms": None}):
        with pytest.raises(ValidationError):
            valid(**{**figures, **changes})


def test_another_version_of_the_document_is_refused() -> None:
    text = Document(schema=SCHEMA, records=[]).to_json()
    with pytest.raises(ValidationError):
        Document.model_validate_json(text.replace(SCHEMA, "facekp-bench/99"))


@pytest.mark.parametrize(
    "kind",
    [Record, Machine, Tensor, Fingerprint, CoreCluster, State, Repeat, Parity, RunnerFacts, CurvePoint],
)
def test_the_published_schema_explains_what_is_not_plain(kind: type[BaseModel]) -> None:
    schema = Document.model_json_schema()["$defs"][kind.__name__]
    assert set(schema["properties"]) == set(kind.model_fields)
    plain = {"machine", "name", "shape"}
    unexplained = {name for name, entry in schema["properties"].items() if "description" not in entry}
    assert unexplained <= plain
    for name, entry in schema["properties"].items():
        if name.endswith("_ms"):
            assert "ms" in entry["description"]


def test_usable_cores_are_bounded_by_a_container() -> None:
    assert machine().usable_cores == 4
    assert machine(cpu_quota=1.5).usable_cores == 1.5
    assert machine(cpu_quota=64.0).usable_cores == 4

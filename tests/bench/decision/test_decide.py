"""What is joined, what counts of it, and the sentence that comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from android_bench.decision.accuracy import Accuracy
from android_bench.decision.choose import Limits
from android_bench.decision.decide import Decided, decide
from android_bench.decision.document import Decision
from android_bench.decision.join import Candidate, Sourced, device_names, join
from android_bench.decision.page import page
from android_bench.decision.tables import markdown, rows
from android_bench.records.phone import CurvePoint, Fingerprint, Parity, RunnerFacts
from android_bench.records.record import Record
from tests.support.phones.sample_records import STATISTICS, invalid, machine, valid

INT8, FLOAT = "1" * 64, "2" * 64


def phone(sha256: str, p50_ms: float = 2.0, name: str = "One", **changes: Any) -> Record:
    fields = {
        "device": "adb", "serial": f"S{name}", "runtime": "tflite", "delegate": "cpu", "sha256": sha256,
        "machine": machine(cpu="Chip", cores=8, os="Android 13", python=None), "p50_ms": p50_ms,
        "fingerprint": Fingerprint.model_validate({"manufacturer": "Acme", "model": name}),
    }  # fmt: skip
    return valid(**{**fields, **changes})


def emulated(sha256: str, **changes: Any) -> Record:
    return phone(sha256, 0.1, "Rig", emulated=True, **changes)


def candidates(int8: float | None = 4.04, float32: float | None = 4.0) -> list[Candidate]:
    made = []
    for sha256, kind, size, nme in ((INT8, "int8", 800_000, int8), (FLOAT, "float32", 2_300_000, float32)):
        known = None if nme is None else Accuracy(nme, 1.5, "faces, over eyes", "measured")
        made.append(
            Candidate(Path(f"a/{kind}.tflite"), f"{kind}.tflite", "net", kind, sha256, size, [], known)
        )
    return made


def decided(*records: Record, files: list[Candidate] | None = None, **limits: Any) -> Decided:
    files = candidates() if files is None else files
    notes = join(files, (Sourced(record, "phones.json") for record in records))
    return decide(files, Limits(**limits), notes)


def cells(result: Decided, header: str) -> list[str]:
    headers, lines = rows(result)
    return [line[headers.index(header)] for line in lines]


def test_phones_decide_where_there_are_any_and_the_slowest_of_them() -> None:
    host = [valid(sha256=INT8, p50_ms=9.0), valid(sha256=FLOAT, p50_ms=1.0)]
    fast = [phone(INT8, 1.0, "Fast"), phone(FLOAT, 0.9, "Fast")]
    slow = [phone(INT8, 3.0, "Slow"), phone(FLOAT, 6.0, "Slow")]
    result = decided(*host, *fast, *slow)
    assert result.document.recommended == INT8
    assert result.document.reason == (
        "int8.tflite: the fastest within 2 % NME of the best on your slowest phone (Acme Slow): 3.00 ms, "
        "0.800 MB, NME 4.040 %, 1.0 % above the best of 4.000 %"
    )
    assert decided(*host).document.recommended == FLOAT
    assert "on Test CPU: 1.00 ms" in decided(*host).document.reason
    assert "on your phone (Acme Fast)" in decided(*fast).document.reason


def test_a_phone_s_fastest_delegate_is_its_time() -> None:
    records = [phone(INT8, 3.0), phone(FLOAT, 5.0), phone(FLOAT, 1.0, delegate="gpu")]
    result = decided(*records)
    assert result.document.recommended == FLOAT
    names = [device.device for device in result.document.files[1].devices]
    assert names == ["Acme One, cpu", "Acme One, gpu"]


def test_what_is_emulated_or_invalid_never_counts() -> None:
    result = decided(emulated(INT8), invalid("it died", sha256=FLOAT))
    assert result.document.recommended is None
    assert result.document.reason == (
        "no file of 2 lies within the limits: no valid time: 2; raise a limit, or measure "
        "what is missing (--device, --data)"
    )
    assert cells(result, "p50 ms") == ["0.100 emulated", "invalid"]
    assert "float32.tflite on Test CPU: invalid, it died" in result.notes
    assert any(note.startswith("emulated: ") for note in result.notes)
    assert "not recommended, no valid time: all 2 files" in result.notes
    assert [device.p50_ms for file in result.document.files for device in file.devices] == [0.1, None]
    # A real phone beside the rig's: the rig's figures change nothing.
    result = decided(emulated(INT8), phone(FLOAT, 5.0))
    assert result.document.recommended == FLOAT
    assert [file.pareto for file in result.document.files] == [False, True]


def test_the_newest_valid_record_counts() -> None:
    old, new = "2024-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00"
    records = [
        phone(INT8, 7.0, started=old),
        phone(INT8, 5.0, started=new),
        phone(INT8, started="2026-01-01T00:00:00+00:00", valid=False, invalid_reasons=["hot"],
              **{**dict.fromkeys(STATISTICS), "p50_ms": None}),
        phone("9" * 64, 1.0),
    ]  # fmt: skip
    result = decided(*records)
    assert [device.p50_ms for device in result.document.files[0].devices] == [5.0]
    assert result.notes[:2] == [
        "left out: records of other files (1)",
        "left out: records behind a newer or a valid one of the same file on the same device (2)",
    ]


def test_names_of_devices_tell_them_apart() -> None:
    runners = [RunnerFacts.model_validate({"name": name, "why": "asked"}) for name in ("bionic", "glibc")]
    records = [
        phone(INT8), phone(INT8, serial="S2"), phone(INT8, threads=4, delegate="gpu"),
        valid(sha256=INT8), valid(sha256=FLOAT, runtime="litert"),
        *(phone(INT8, name="Two", runner=runner) for runner in runners),
    ]  # fmt: skip
    assert [device for device, _ in device_names(records)] == [
        "Acme One (SOne), cpu", "Acme One (S2), cpu", "Acme One (SOne), gpu, 4 threads",
        "Test CPU", "Test CPU", "Acme Two, cpu, tflite bionic", "Acme Two, cpu, tflite glibc",
    ]  # fmt: skip


def test_cpu_time_is_taken_where_every_record_of_the_device_has_it() -> None:
    cpu = {"cpu_samples_ms": [1.0, 2.0, 6.0], "cpu_p50_ms": 2.0}
    waiting = valid(sha256=INT8, **cpu, **dict.fromkeys(STATISTICS))
    calm = valid(sha256=FLOAT, p50_ms=1.9, **cpu)
    result = decided(waiting, calm)
    assert [device.p50_ms for file in result.document.files for device in file.devices] == [2.0, 2.0]
    assert [device.p95_ms for file in result.document.files for device in file.devices] == pytest.approx(
        [5.6] * 2
    )
    assert "times are CPU time on Test CPU" in markdown(result)
    # The wall's time of the one is unknown: it must not be compared with CPU time of the other.
    result = decided(waiting, valid(sha256=FLOAT, p50_ms=1.9))
    assert [device.p50_ms for file in result.document.files for device in file.devices] == [None, 1.9]
    assert result.document.recommended == FLOAT


def test_figures_of_other_faces_are_not_compared() -> None:
    files = candidates()
    files[1].accuracy = Accuracy(3.0, None, "other faces, over eyes", "manifest")
    result = decided(phone(INT8), phone(FLOAT), files=files)
    assert result.document.recommended is None
    assert any("cannot be compared: faces, over eyes here, other faces" in note for note in result.notes)
    assert [file.nme for file in result.document.files] == [None, None]


def test_without_nme_only_when_allowed() -> None:
    files = candidates(None, None)
    assert decided(phone(INT8), files=files).document.recommended is None
    result = decided(phone(INT8), files=candidates(None, None), allow_missing=True, max_ms=5, max_mb=1)
    assert result.document.recommended == INT8
    assert "the fastest within 5 ms and 1 MB on" in result.document.reason
    assert result.document.reason.endswith("its NME is not known")


def test_the_document_holds_what_is_promised() -> None:
    parity = Parity.model_validate(
        {"inputs": 8, "source": "noise", "reference": "litert", "max_abs": 0, "tolerance": 1, "ok": True}
    )
    result = decided(phone(INT8, parity=parity, throttled=True, peak_memory_mb=50), phone(FLOAT, 5.0))
    document = Decision.model_validate_json(result.document.to_json()).model_dump(by_alias=True)
    assert list(document) == ["schema", "files", "recommended", "reason"]
    assert document["schema"] == "facekp-decision/1"
    first = document["files"][0]
    devices = first.pop("devices")
    assert first == {
        "name": "net", "kind": "int8", "sha256": INT8, "bytes": 800_000, "nme": 4.04,
        "nme_change": pytest.approx(1.0), "failures": 1.5, "pareto": True,
    }  # fmt: skip
    assert devices == [
        {
            "device": "Acme One, cpu", "p50_ms": 2.0, "p95_ms": 2.9, "first_ms": 9.0, "peak_memory_mb": 50.0,
            "throttled": True, "emulated": False, "parity_ok": True,
        }
    ]  # fmt: skip


def test_the_page_shows_all_of_it_and_loads_nothing() -> None:
    name = "\x1b[2J<script>alert(1)</script>&"
    curve = [CurvePoint.model_validate({"seconds": n, "p50_ms": 2.0}) for n in (0, 60)]
    records = [
        phone(INT8, 3.0, name, warnings=[name]), phone(FLOAT, 5.0, name), emulated(INT8, curve=curve),
        invalid(name, sha256=FLOAT),
    ]  # fmt: skip
    text = page(decided(*records))
    assert text.count("<svg") == 6  # two scatters, three devices' runs, one curve
    for part in ("<script", "http:", "https:", "src=", "url(", "\x1b"):
        assert part not in text
    assert "&lt;script&gt;" in text and "Where each figure comes from" in text
    assert INT8 in text and "phones.json" in text
    assert "emulated" in text and text.count('class="best"') == 1


def test_nothing_at_all_is_shown_too() -> None:
    result = decided(files=candidates(None, None))
    for text in (page(result), markdown(result)):
        assert "no valid time: 2" in text

"""From records to the answer, against brute force: never a dominated, invalid, emulated or unknown file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from android_bench.decision.accuracy import Accuracy
from android_bench.decision.choose import Limits
from android_bench.decision.decide import decide
from android_bench.decision.join import Candidate, Sourced, join
from android_bench.decision.page import page
from android_bench.decision.tables import markdown
from android_bench.records.record import Record
from tests.support.phones.sample_records import invalid, machine, valid

FILES: tuple[str, ...] = ("1" * 64, "2" * 64, "3" * 64)
PHONES, HOST = ("P", "Q"), "H"


@dataclass(frozen=True)
class Measured:
    """A record in short; day: when it was made."""

    file: str
    place: str
    ms: float
    kind: str
    day: int

    def record(self) -> Record:
        phone = {"device": "adb", "serial": self.place, "delegate": "cpu"} if self.place in PHONES else {}
        fields = {
            "sha256": self.file, "machine": machine(cpu=self.place), "emulated": self.kind == "emulated",
            "started": f"2024-01-{self.day:02}T00:00:00+00:00", **phone,
        }  # fmt: skip
        if self.kind == "invalid":
            return invalid("it died", **fields)
        return valid(p50_ms=self.ms, mean_ms=self.ms, **fields)


measured = st.builds(
    Measured, st.sampled_from(FILES), st.sampled_from((*PHONES, HOST)), st.sampled_from((1.0, 2.0, 3.0)),
    st.sampled_from(("real", "real", "emulated", "invalid")), st.just(1),
)  # fmt: skip
facts = st.tuples(st.sampled_from((1_000_000, 2_000_000)), st.none() | st.sampled_from((4.0, 4.08, 5.0)))
limits = st.builds(
    Limits,
    max_ms=st.none() | st.just(2.0),
    max_mb=st.none() | st.just(1.0),
    max_nme_loss=st.sampled_from((2.0, 100.0)),
    allow_missing=st.booleans(),
)


def by_force(
    known: dict[str, tuple[int, float | None]], records: list[Measured], limits: Limits
) -> dict[str, float]:
    """The files that may be recommended, with their times."""
    real = {(r.file, r.place): r.ms for r in sorted(records, key=lambda r: r.day) if r.kind == "real"}
    phones = {place for _, place in real if place in PHONES}
    places = phones or {place for _, place in real}
    times = {
        file: max(real[file, place] for place in places)
        for file in known
        if places and all((file, place) in real for place in places)
    }
    if not limits.allow_missing:
        times = {file: ms for file, ms in times.items() if known[file][1] is not None}

    def costs(file: str) -> tuple[float, ...]:
        size, nme = known[file]
        return times[file], 1e9 if nme is None else nme, size

    def dominated(file: str) -> bool:
        others = [costs(other) for other in times if costs(other) != costs(file)]
        return any(all(a <= b for a, b in zip(other, costs(file), strict=True)) for other in others)

    best = min((nme for _, nme in known.values() if nme is not None), default=0.0)
    return {
        file: ms
        for file, ms in times.items()
        if not dominated(file)
        and (limits.max_ms is None or ms <= limits.max_ms)
        and (limits.max_mb is None or known[file][0] <= limits.max_mb * 1e6)
        and (known[file][1] or 0.0) <= best * (1 + limits.max_nme_loss / 100) + 1e-12
    }


@given(st.tuples(facts, facts, facts), st.lists(measured, max_size=9), limits)
def test_records_of_any_kind_give_what_brute_force_gives(
    facts: tuple[tuple[int, float | None], ...], found: list[Measured], limits: Limits
) -> None:
    known: dict[str, tuple[int, float | None]] = dict(zip(FILES, facts, strict=True))
    records = [Measured(r.file, r.place, r.ms, r.kind, day) for day, r in enumerate(found, 1)]
    files = [
        Candidate(
            Path(f"a/{file[0]}.tflite"), file[0], file[0], None, file, size, [],
            None if nme is None else Accuracy(nme, None, "faces", "said"),
        )
        for file, (size, nme) in known.items()
    ]  # fmt: skip
    notes = join(files, (Sourced(r.record(), "r.json") for r in records))
    decided = decide(files, limits, notes)
    fit = by_force(known, records, limits)
    recommended = decided.document.recommended
    assert (recommended is None) == (not fit)
    assert recommended is None or fit[recommended] == min(fit.values())
    for text in (page(decided), markdown(decided)):
        assert text

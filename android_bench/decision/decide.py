"""Everything that is known of the files, the choice made from it, and the sentence that says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from android_bench.decision.accuracy import Accuracy, change_of, comparable, float_of
from android_bench.decision.choose import Choice, Limits, choose, loss
from android_bench.decision.document import Decision, DecisionFile, DeviceFigures
from android_bench.decision.join import Candidate, OnDevice, deciding_machines
from android_bench.reports.clock import p50_by, p95_by
from android_bench.reports.names import rounded


@dataclass(frozen=True)
class Decided:
    """A choice with all that it was made from.

    Attributes:
        candidates: the files, in the order of the document's.
        machines: whose times decide.
        choice: what came of it.
        document: what `--json` prints.
        notes: what is missing or was left out, in sentences.
    """

    candidates: Sequence[Candidate]
    machines: Sequence[str]
    limits: Limits
    choice: Choice
    document: Decision
    notes: Sequence[str]

    @property
    def recommended(self) -> Candidate | None:
        """The file to ship."""
        return next((c for c in self.candidates if c.sha256 == self.choice.recommended), None)


def decide(candidates: Sequence[Candidate], limits: Limits, notes: Sequence[str] = ()) -> Decided:
    """Choose among files of which all is known that will be.

    Args:
        candidates: each SHA-256 once; where their NME have no common basis they lose it.
        limits: what the recommended one must keep.
        notes: what is to be said beside it already.
    """
    known = {c.sha256: c.accuracy for c in candidates if c.accuracy is not None}
    known, complaint = comparable(known)
    for candidate in candidates:
        candidate.accuracy = known.get(candidate.sha256)
    machines, phones = deciding_machines(candidates)
    choice = choose([c.figures() for c in candidates], machines, limits)
    files = []
    for candidate in candidates:
        accuracy = candidate.accuracy
        files.append(
            DecisionFile(
                name=candidate.name,
                kind=candidate.kind,
                sha256=candidate.sha256,
                bytes=candidate.bytes,
                nme=accuracy and accuracy.nme,
                nme_change=change_of(_float_of(candidate, candidates, known), accuracy),
                failures=accuracy and accuracy.failures,
                devices=list(map(_figures, candidate.on)),
                pareto=candidate.sha256 in choice.front,
            )
        )
    reason = _reason(candidates, machines, phones, limits, choice)
    document = Decision(
        schema="facekp-decision/1", files=files, recommended=choice.recommended, reason=reason
    )
    said = [*notes, *([complaint] if complaint else []), *_missing(candidates, choice)]
    return Decided(candidates, machines, limits, choice, document, said)


def _float_of(
    candidate: Candidate, candidates: Sequence[Candidate], known: Mapping[str, Accuracy]
) -> Accuracy | None:
    """What is known of the float file beside it: that of the first of its exports which has one."""
    exports = (
        [(other.sha256, other.kind) for other in candidates if folder in other.folders]
        for folder in candidate.folders
    )
    return known.get(next(filter(None, map(float_of, exports)), ""))


def _figures(on: OnDevice) -> DeviceFigures:
    record = on.record
    return DeviceFigures(
        device=on.device,
        p50_ms=p50_by(record, on.clock) if record.valid else None,
        p95_ms=p95_by(record, on.clock) if record.valid else None,
        first_ms=record.first_ms if record.valid else None,
        peak_memory_mb=record.peak_memory_mb,
        throttled=record.throttled,
        emulated=record.emulated,
        parity_ok=record.parity and record.parity.ok,
    )


def _missing(candidates: Sequence[Candidate], choice: Choice) -> Iterator[str]:
    """Why files do not count or are not within the limits, those of one reason together."""
    for candidate in candidates:
        if candidate.problem:
            yield f"{candidate.label}: {candidate.problem}"
        if candidate.copies:
            yield f"{candidate.label}: the same file as {', '.join(map(str, candidate.copies))}"
        for each in candidate.on:
            if not each.record.valid:
                yield f"{candidate.label} on {each.device}: invalid, {'; '.join(each.record.invalid_reasons)}"
    for why in dict.fromkeys(choice.out.values()):
        labels = [c.label for c in candidates if choice.out.get(c.sha256) == why]
        which = ", ".join(labels) if len(labels) < len(candidates) else f"all {len(labels)} files"
        yield f"not recommended, {why}: {which}"
    if any(each.record.emulated for candidate in candidates for each in candidate.on):
        yield "emulated: an emulated processor computed; its times say nothing about a phone and do not count"


def _reason(
    candidates: Sequence[Candidate], machines: Sequence[str], phones: bool, limits: Limits, choice: Choice
) -> str:
    by_sha256 = {c.sha256: c for c in candidates}
    if choice.recommended is None:
        return _nothing(len(candidates), choice)
    chosen = by_sha256[choice.recommended]
    times = chosen.figures().times_ms
    slowest = max(machines, key=lambda machine: times[machine])
    kept = [f"{limits.max_ms:g} ms"] if limits.max_ms is not None else []
    kept += [f"{limits.max_mb:g} MB"] if limits.max_mb is not None else []
    size = f"{rounded(times[slowest])} ms, {rounded(chosen.bytes / 1e6, most_decimals=4)} MB"
    if chosen.accuracy is None:
        accuracy = "its NME is not known"
    else:
        best = min(c.accuracy.nme for c in candidates if c.accuracy is not None)
        kept.insert(0, f"{limits.max_nme_loss:g} % NME of the best")
        over = loss(chosen.accuracy.nme, best)
        accuracy = f"NME {chosen.accuracy.nme:.3f} %, {over:.1f} % above the best of {best:.3f} %"
    within = f" within {' and '.join(kept)}" if kept else ""
    return f"{chosen.label}: the fastest{within} on {_where(machines, phones, slowest)}: {size}, {accuracy}"


def _where(machines: Sequence[str], phones: bool, slowest: str) -> str:
    if not phones:
        return slowest if len(machines) == 1 else f"the slowest machine ({slowest})"
    return f"{'your slowest phone' if len(machines) > 1 else 'your phone'} ({slowest})"


def _nothing(count: int, choice: Choice) -> str:
    counts = Counter(choice.out.values())
    reasons = "; ".join(f"{why}: {number}" for why, number in counts.most_common())
    dominated = count - len(choice.out)
    rest = f"; dominated by these: {dominated}" if dominated and choice.front else ""
    return (
        f"no file of {count} lies within the limits: {reasons}{rest}; raise a limit, or measure "
        "what is missing (--device, --data)"
    )

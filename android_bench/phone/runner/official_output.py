"""What the official `benchmark_model` prints, read back: the figures, and what became of a delegate.

TensorFlow Lite's tool ends with lines of this form, all in microseconds. The first line is the
warm-up's, the second the measurement's; older releases lack the last three fields:

    INFO: count=9 first=49060 curr=34017 min=33980 max=49060 avg=35822.4 std=4683 p5=... median=... p95=...
    INFO: count=50 first=32891 curr=33978 min=32641 max=34005 avg=33209.4 std=450 p5=... median=... p95=...
    INFO: Inference timings in us: Init: 855, First inference: 49060, Warmup (avg): 35822.4, Inference ...

LiteRT's prints the same two lines and then a summary in milliseconds (`Inference (avg):      0.95 ms
(1054 runs)`). Sources: tensorflow/lite/tools/benchmark/benchmark_model.cc and
core/util/stats_calculator.h in https://github.com/tensorflow/tensorflow,
litert/tools/benchmark_litert_model.h in https://github.com/google-ai-edge/LiteRT.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Literal

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
# A profile's "Timings (microseconds): count=..." must not be taken for one of them.
_COUNT = re.compile(r"^(?:INFO: )?(count=\d+\b.*)", re.MULTILINE)
_FIELD = re.compile(rf"(\w+)=({_NUMBER})")
_TIMINGS = re.compile(
    rf"Inference timings in us: Init: ({_NUMBER}), First inference: ({_NUMBER}), "
    rf"Warmup \(avg\): ({_NUMBER}), Inference \(avg\): ({_NUMBER})"
)
_SUMMARY = re.compile(
    rf"benchmark_litert_model\.h:\d+\] ([A-Z][\w ]+(?:\(\w+\))?): +({_NUMBER})"
    r"(?: (?:ms|MB))?(?: \((\d+) runs\))?"
)
_FOOTPRINT = re.compile(rf"(?:Memory|Peak memory) footprint .*\(MB\): init=({_NUMBER}) overall=({_NUMBER})")
_UNKNOWN_FLAGS = re.compile(r"Unconsumed cmdline flags: (.*)")
_ERROR = re.compile(r"^ERROR: (.*\S)", re.MULTILINE)
_REPLACING = re.compile(r"Replacing (\d+) out of (\d+) node\(s\) with delegate \(([^)]*)\)")
_MIB_IN_MB = 2**20 / 1e6

Share = Literal["all", "part", "none"]
"""How much of the model a delegate executed."""


@dataclass(frozen=True)
class OfficialFacts:
    """What one call of the tool tells, in the units of `record.Record`; None where it does not tell.

    Single samples are never told, and neither is a 90th percentile: a record of this runner has no
    `samples_ms`. std_ms divides by n, and figures have a resolution of 1 microsecond, or of 10 where
    `coarse` (LiteRT's summary alone was there).
    delegated: how much of the model the delegate that was asked for executed; "all" for cpu.
    """

    tool: str
    load_ms: float
    first_ms: float
    warmup_runs: int
    runs: int
    mean_ms: float
    std_ms: float
    min_ms: float
    max_ms: float
    p50_ms: float | None
    p95_ms: float | None
    memory_increase_mb: float | None
    delegated: Share
    coarse: bool = False
    notes: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Seconds inside timed runs."""
        return self.mean_ms * self.runs / 1e3


def parse(stdout: str, stderr: str, delegate: str = "cpu") -> OfficialFacts:
    """Read what a finished call printed. delegate: the one that was asked for (cpu, gpu, nnapi).

    Raises ValueError, in one sentence, for a run that failed, for flags that the tool did not know
    (it warns, and measures something else), and for output that is cut short or contradicts itself.
    """
    # Which stream carries what differs between versions; each line is told apart by its form.
    text = "\n".join((stdout, stderr)).replace("\r", "")
    if unknown := _UNKNOWN_FLAGS.search(text):
        raise ValueError(f"this benchmark_model does not know {unknown[1].strip()}; use a newer one")
    if "Benchmarking failed" in text:
        errors = [line for line in _ERROR.findall(text) if "Benchmarking failed" not in line]
        raise ValueError(f"benchmark_model failed: {(errors or ['it does not say why'])[0][:300]}")
    counts = [_fields(line) for line in _COUNT.findall(text)]
    summary = {name: (float(value), runs) for name, value, runs in _SUMMARY.findall(text)}
    if (timings := _TIMINGS.search(text)) and len(counts) == 2:
        load_us, first_us, _, mean_us = map(float, timings.groups())
        facts = _from_counts("TensorFlow Lite", text, delegate, counts, load_us / 1e3, first_us / 1e3)
        stated_ms, slack = mean_us / 1e3, 1e-4
    elif "Inference (avg)" in summary and len(counts) == 2:
        load_ms, first_ms = summary["Model initialization"][0], _first(counts[0]) / 1e3
        facts = _from_counts("LiteRT", text, delegate, counts, load_ms, first_ms)
        stated_ms, slack = summary["Inference (avg)"][0], 0.006
    elif "Inference (std)" in summary and not counts:
        return _checked(_from_summary(text, delegate, summary))
    else:
        raise ValueError("the output of benchmark_model is cut short or of a form that is not known")
    if abs(facts.mean_ms - stated_ms) > max(slack, 1e-4 * stated_ms):
        raise ValueError("the output of benchmark_model contradicts itself; measure again")
    return _checked(facts)


def share_of(text: str, delegate: str) -> Share:
    """How much of the model the delegate (gpu, nnapi) executed, by the tool's log; "all" for cpu.

    TensorFlow's tool says so in a sentence that names the delegate. Without one (LiteRT's tool),
    the nodes are counted: where a delegate fails later, all of them are given to XNNPACK afterwards.
    "Replacing 97 out of 97" alone is no proof, and for a GPU a kernel must have been created as well.
    """
    if delegate == "cpu":
        return "all"
    name = {"gpu": "GPU", "nnapi": "NNAPI"}[delegate]
    sentence = re.search(rf"Explicitly applied {name} delegate, and the model graph will be (\w+)", text)
    if sentence:
        kernels = delegate != "gpu" or re.search(r"Created [1-9]\d* GPU delegate kernels", text)
        return "none" if not kernels else "all" if sentence[1] == "completely" else "part"
    if "Explicitly applied" in text or f"Though {name} delegate" in text:
        return "none"
    ours = r"Gpu|LITERT_CL|LITERT_OPENGL|WEBGPU|VULKAN" if delegate == "gpu" else r"Nnapi"
    taken = all_nodes = 0
    for replaced, total, kind in _REPLACING.findall(text):
        if re.search(ours, kind, re.IGNORECASE):
            taken, all_nodes = taken + int(replaced), max(all_nodes, int(total))
        elif int(replaced) == int(total) == all_nodes:
            taken = 0
    return "none" if not taken else "all" if taken >= all_nodes else "part"


def _fields(line: str) -> dict[str, float]:
    return {key: float(value) for key, value in _FIELD.findall(line)}


def _first(fields: dict[str, float]) -> float:
    """Of a single run, or of equal ones, only the newest is printed."""
    return fields.get("first", fields.get("curr", math.nan))


def _from_counts(
    tool: str, text: str, delegate: str, counts: list[dict[str, float]], load_ms: float, first_ms: float
) -> OfficialFacts:
    """From the two lines with every statistic, in microseconds."""
    warm, timed = counts
    alike = timed.get("curr", math.nan) if "avg" not in timed else None
    mean, low, high = (timed.get(key, alike or math.nan) / 1e3 for key in ("avg", "min", "max"))
    return OfficialFacts(
        tool=f"{tool} benchmark_model",
        load_ms=load_ms,
        first_ms=first_ms,
        warmup_runs=int(warm["count"]),
        runs=int(timed["count"]),
        mean_ms=mean,
        std_ms=timed.get("std", 0.0 if alike is not None else math.nan) / 1e3,
        min_ms=low,
        max_ms=high,
        p50_ms=timed["median"] / 1e3 if "median" in timed else None,
        p95_ms=timed["p95"] / 1e3 if "p95" in timed else None,
        memory_increase_mb=_footprint(text),
        delegated=share_of(text, delegate),
        notes=_notes(text, delegate),
    )


def _from_summary(text: str, delegate: str, summary: dict[str, tuple[float, str]]) -> OfficialFacts:
    """From LiteRT's closing block alone, in milliseconds with two decimals."""
    try:
        return OfficialFacts(
            tool="LiteRT benchmark_model",
            load_ms=summary["Model initialization"][0],
            first_ms=summary["Warmup (first)"][0],
            warmup_runs=int(summary["Warmup (avg)"][1]),
            runs=int(summary["Inference (avg)"][1]),
            mean_ms=summary["Inference (avg)"][0],
            std_ms=summary["Inference (std)"][0],
            min_ms=summary["Inference (min)"][0],
            max_ms=summary["Inference (max)"][0],
            p50_ms=None,
            p95_ms=None,
            memory_increase_mb=_footprint(text),
            delegated=share_of(text, delegate),
            coarse=True,
            notes=_notes(text, delegate),
        )
    except (KeyError, ValueError):
        raise ValueError("the summary that benchmark_model prints is cut short") from None


def _footprint(text: str) -> float | None:
    """Overall growth of resident memory, in MB of 10^6 bytes; the tools say MB and mean MiB."""
    if footprint := _FOOTPRINT.search(text):
        return round(float(footprint[2]) * _MIB_IN_MB, 1)
    overall = re.search(rf"Overall footprint: +({_NUMBER}) MB", text)
    return round(float(overall[1]) * _MIB_IN_MB, 1) if overall else None


def _notes(text: str, delegate: str) -> list[str]:
    notes = ["the official tool gives neither samples nor outputs: no p90, and no check of its results"]
    if delegate == "nnapi" and "NNAPI accelerators available: [nnapi-reference]" in text:
        notes.append("this phone offers no NNAPI accelerator but nnapi-reference, which computes on the CPU")
    return notes


def _checked(facts: OfficialFacts) -> OfficialFacts:
    """Refuse figures that no clock can give."""
    times = (facts.load_ms, facts.first_ms, facts.mean_ms, facts.std_ms, facts.min_ms, facts.max_ms)
    if facts.runs < 1 or not all(math.isfinite(time) and time >= 0 for time in times):
        raise ValueError("benchmark_model printed figures that are missing or are not times; measure again")
    if not facts.min_ms <= facts.mean_ms + 0.01 <= facts.max_ms + 0.02:
        raise ValueError("benchmark_model printed a mean outside its own minimum and maximum; measure again")
    return facts

"""compare: which records belong together, what a change is worth, what is left out and named."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from android_bench.records.phone import CurvePoint, Fingerprint, Repeat, RunnerFacts
from android_bench.records.record import Record
from android_bench.reports.compare import FEWEST, Comparison, compare, interval, judge
from tests.support.phones.sample_records import STATISTICS, invalid, machine, noisy, timed, valid


def repeated(p50s: list[float], **changes: Any) -> Record:
    repeats = [
        Repeat.model_validate({"started": "2024-01-01T00:00:00+00:00", "runs": 9, "p50_ms": p50})
        for p50 in p50s
    ]
    return timed(p50s, repeats=repeats, **changes)


def verdicts(result: Comparison) -> list[str]:
    return [change.verdict for change in result.changes]


def test_a_clear_change_either_way_and_none() -> None:
    for factor, verdict in ((1.2, "slower"), (0.8, "faster"), (1.0, "same")):
        (change,) = compare([noisy(2.0)], [noisy(2.0 * factor, seed=1)]).changes
        assert change.verdict == verdict
        assert change.change == pytest.approx(factor - 1, abs=0.01)
        assert change.low is not None and change.high is not None
        assert change.low < factor - 1 < change.high
        assert change.high - change.low < 0.03
        assert (change.of, change.counted) == ("parts", (10, 10))


def test_the_tolerance_decides_what_is_a_regression() -> None:
    before, after = [noisy(2.0)], [noisy(2.06, seed=1)]
    assert verdicts(compare(before, after, tolerance=0.02)) == ["slower"]
    assert verdicts(compare(before, after, tolerance=0.05)) == ["same"]
    assert verdicts(compare(before, after, tolerance=0)) == ["slower"]
    for tolerance in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match="tolerance"):
            compare(before, after, tolerance)


def test_noise_is_no_regression() -> None:
    before, after = [noisy(2.0, spread=0.5)], [noisy(2.2, seed=1, spread=0.5)]
    (change,) = compare(before, after).changes
    assert change.verdict == "unclear"
    assert change.low is not None and change.low < 0


def test_repeats_count_before_samples_and_a_stray_one_does_not_decide() -> None:
    before = repeated([2.0, 2.01, 1.99, 2.02, 2.0])
    (change,) = compare([before], [repeated([2.0, 2.02, 1.98, 2.01, 9.0])]).changes
    assert (change.of, change.counted, change.verdict) == ("repeats", (5, 5), "unclear")
    assert change.change == pytest.approx(0.005)
    (change,) = compare([before], [repeated([2.4, 2.42, 2.38, 2.41, 2.4])]).changes
    assert (change.verdict, change.change) == ("slower", pytest.approx(0.2))


def test_records_of_the_same_file_on_the_same_machine_are_repeats() -> None:
    before, after = [noisy(2.0, seed=s) for s in range(5)], [noisy(2.3, seed=s) for s in range(5, 10)]
    (change,) = compare(before, after).changes
    assert (change.of, change.counted, change.verdict) == ("repeats", (5, 5), "slower")


def test_without_an_interval_the_figure_alone_decides() -> None:
    quiet: dict[str, Any] = {
        "samples_ms": [], "timed_runs": 60, "p50_ms": None, "p90_ms": None, "p95_ms": None, "outliers": None,
    }  # fmt: skip
    (change,) = compare([valid(**quiet)], [valid(**quiet | {"mean_ms": 2.2})]).changes
    assert (change.statistic, change.of, change.low, change.high) == ("mean", "nothing", None, None)
    assert (change.verdict, change.change) == ("slower", pytest.approx(0.1))
    (change,) = compare([valid()], [valid(p50_ms=2.02)]).changes
    assert (change.statistic, change.of, change.verdict) == ("p50", "nothing", "same")


@pytest.mark.parametrize(
    "changes",
    [{"runtime": "litert"}, {"threads": 2}, {"device": "adb", "serial": "1"}, {"delegate": "gpu"}],
    ids=lambda changes: next(iter(changes)),
)
def test_other_circumstances_are_another_measurement(changes: dict[str, Any]) -> None:
    result = compare([valid()], [valid(**changes)])
    assert result.changes == []
    assert len(result.left_out) == 2
    assert all("nothing on the other side" in reason for reason in result.left_out)


def test_a_model_is_known_by_its_hash_then_its_path_then_its_name() -> None:
    before = [
        valid(sha256="1" * 64, model="a/x.tflite"),
        valid(sha256="2" * 64, model="a/y.tflite"),
        valid(sha256="3" * 64, model="a/z.tflite", name="mdp-1x", kind="int8", p50_ms=3.0),
    ]
    after = [
        valid(sha256="4" * 64, model="b/other.tflite", name="mdp-1x", kind="int8", p50_ms=9.0),
        valid(sha256="5" * 64, model="a/y.tflite"),
        valid(sha256="1" * 64, model="b/y.tflite"),
        valid(sha256="6" * 64, model="b/other2.tflite", name="mdp-1x", kind="float32"),
    ]
    result = compare(before, after)
    assert [change.model for change in result.changes] == ["b/other.tflite", "a/y.tflite", "b/y.tflite"]
    assert result.changes[0].change == pytest.approx(2.0)
    assert [bool(change.notes) for change in result.changes] == [True, True, False]
    assert result.left_out == [
        "b/other2.tflite, onnxruntime, cpu, threads 1, after: nothing on the other side to compare it with"
    ]


def test_two_files_of_one_name_are_not_repeats_of_one() -> None:
    before = [valid(sha256="1" * 64, model="a/m.onnx"), valid(sha256="2" * 64, model="b/m.onnx")]
    after = [valid(sha256="3" * 64, model="c/m.onnx")]
    result = compare(before, after)
    assert result.changes == []
    assert len(result.left_out) == 3


def test_several_phones_are_told_apart_and_two_single_ones_are_compared_with_a_note() -> None:
    phones = [valid(device="adb", serial=serial, p50_ms=p50) for serial, p50 in (("one", 2.0), ("two", 4.0))]
    result = compare(phones, [*reversed(phones), valid(device="adb", serial="three")])
    assert [change.before_ms for change in result.changes] == [4.0, 2.0]
    assert len(result.left_out) == 1
    (change,) = compare(phones[:1], phones[1:]).changes
    assert change.notes == ["another machine: one before, two after"]
    (change,) = compare([valid()], [valid(machine=machine(cores=8))]).changes
    assert change.notes == ["another machine: Test CPU, 4 cores before, Test CPU, 8 cores after"]


def test_a_sustained_measurement_is_counted_by_parts_and_named() -> None:
    """Its turns are hot and follow one another; the other side's repeats began cool."""
    turns = [2.0, 2.4, 2.5, 2.5, 2.6, 2.6]
    curve = [CurvePoint.model_validate({"seconds": 60 * n, "p50_ms": p50}) for n, p50 in enumerate(turns)]
    cooled, hot = repeated([2.0, 2.0, 2.1, 2.0, 2.0, 2.1]), repeated(turns, curve=curve)
    (change,) = compare([cooled], [hot]).changes
    assert change.of == "parts"
    assert change.notes == ["another way of measuring: cooled repeats before, sustained after"]


def test_one_address_may_be_two_phones_and_one_phone_two_systems() -> None:
    def at(**facts: str) -> Record:
        return noisy(2.0, serial="192.168.1.20:5555", fingerprint=Fingerprint.model_validate(facts))

    (change,) = compare([at(model="One", build="a")], [at(model="Two", build="b")]).changes
    assert change.notes == [
        "another phone: One before, Two after",
        "another build of Android: a before, b after",
    ]


def test_what_else_differs_is_said() -> None:
    bionic, official = (
        RunnerFacts.model_validate({"name": name, "why": "asked for"}) for name in ("bionic", "official")
    )
    phone = Fingerprint.model_validate({"model": "One"})
    before = valid(runner=bionic, runtime_version="1", cpus=[4], fingerprint=phone)
    after = valid(runner=official, runtime_version="2", cpus=[0], fixed_performance=True, throttled=True)
    (change,) = compare([before], [after]).changes
    for word in ("bionic before, official after", "1 before, 2 after", "cores used", "fixed", "throttled"):
        assert any(word in note for note in change.notes), word


def test_invalid_and_half_emulated_records_are_left_out_and_named() -> None:
    before = [
        valid(),
        invalid("no GPU", model="b.onnx", sha256="1" * 64),
        valid(sha256="2" * 64, model="c.onnx"),
    ]
    after = [
        valid(),
        valid(model="b.onnx", sha256="1" * 64),
        valid(sha256="2" * 64, model="c.onnx", emulated=True, p50_ms=99.0),
    ]
    result = compare(before, after)
    assert verdicts(result) == ["same"]
    text = "\n".join(result.left_out)
    assert "b.onnx, onnxruntime, cpu, threads 1, before: invalid, no GPU" in text
    assert "b.onnx, onnxruntime, cpu, threads 1, after: nothing on the other side" in text
    assert "c.onnx, onnxruntime, cpu, threads 1: emulated on one side" in text
    (change,) = compare([valid(emulated=True)], [valid(emulated=True)]).changes
    assert change.emulated


def test_what_is_invalid_after_alone_is_broken() -> None:
    old = valid(model="a/m.onnx", sha256="1" * 64)
    for after, broken in (
        (invalid("no memory", model="b/m.onnx", sha256="1" * 64), True),
        (invalid("no memory", model="a/m.onnx", sha256="2" * 64), True),
        (invalid("no memory", model="b/m.onnx", sha256="2" * 64), True),
        (invalid("no memory", model="b/other.onnx", sha256="2" * 64), False),
        (invalid("no memory", model="a/m.onnx", sha256="1" * 64, threads=2), False),
    ):
        result = compare([old, old], [after])
        expected = ["a/m.onnx, onnxruntime, cpu, threads 1: no memory"] if broken else []
        assert result.broken == expected
        assert any("after: invalid, no memory" in reason for reason in result.left_out)
    assert compare([invalid(), invalid(model="b.onnx")], [invalid()]).broken == []
    assert compare([valid()], [invalid(), valid()]).broken == []
    phones = [valid(device="adb", serial=serial) for serial in ("one", "two")]
    result = compare(phones, [phones[0], invalid("lost", device="adb", serial="two")])
    assert len(result.changes) == len(result.broken) == 1


def test_a_time_of_nothing_is_no_base_for_a_change() -> None:
    nothing = timed([0.0, 0.0, 0.0])
    result = compare([nothing], [valid()])
    assert result.changes == []
    assert "0 ms" in result.left_out[0]
    half = timed([0.0, 0.0, 9.0])
    assert compare([half], [half]).changes[0].statistic == "mean"


def by_cpu(middle: float, **changes: Any) -> Record:
    """A record whose runs took three times their CPU time, and so has no wall statistics."""
    record = noisy(middle)
    cpu = {"cpu_samples_ms": record.samples_ms, "cpu_p50_ms": record.p50_ms}
    waited = [3 * sample for sample in record.samples_ms]
    return valid(samples_ms=waited, **cpu, **dict.fromkeys(STATISTICS), **changes)


def test_cpu_time_is_compared_where_both_sides_have_it() -> None:
    (change,) = compare([by_cpu(2.0)], [by_cpu(3.0)]).changes
    assert (change.clock, change.verdict, change.of) == ("cpu", "slower", "parts")
    assert change.change == pytest.approx(0.5, abs=0.01)
    older = noisy(2.0)
    both = older.model_copy(update={"cpu_samples_ms": older.samples_ms, "cpu_p50_ms": 9.0})
    (change,) = compare([older], [both]).changes
    assert (change.clock, change.verdict) == ("wall", "same")
    result = compare([older], [by_cpu(2.0)])
    assert result.changes == []
    assert "CPU time alone holds on one side" in result.left_out[0]


def test_the_order_of_the_second_document_is_kept() -> None:
    records = [valid(sha256=str(n) * 64, model=f"{n}.onnx") for n in range(5)]
    result = compare(records, [records[n] for n in (3, 1, 4, 0, 2)])
    assert [change.model for change in result.changes] == [f"{n}.onnx" for n in (3, 1, 4, 0, 2)]


def test_the_interval_is_the_one_of_the_exact_test_or_one_pair_wider() -> None:
    stats = pytest.importorskip("scipy.stats", reason="compares with SciPy (extra train)")
    random = np.random.default_rng(3)
    for n in range(FEWEST, 15):
        for m in (FEWEST, n, 14):
            before, after = random.lognormal(0, 1, n), random.lognormal(0, 1, m)
            bounds = interval(before.tolist(), after.tolist())
            assert bounds is not None
            ratios = np.sort(np.divide.outer(after, before), axis=None)

            def p_beside(number: int, step: float, b=before, a=after, r=ratios) -> float:
                return stats.mannwhitneyu(a, b * r[number] * (1 + step), method="exact").pvalue

            cut = int(np.flatnonzero(np.isclose(ratios, 1 + bounds[0]))[0])
            assert ratios[-1 - cut] == pytest.approx(1 + bounds[1])
            # Outside of the interval the test rejects; one pair further in it would not reject two steps on.
            assert cut == 0 or p_beside(cut, -1e-9) <= 0.05
            assert p_beside(cut + 1, 1e-9) > 0.05


@pytest.mark.parametrize("counts", [(5, 5), (10, 10), (5, 9)])
def test_the_interval_holds_the_truth_as_often_as_it_says(counts: tuple[int, int]) -> None:
    random = np.random.default_rng(5)
    covered = 0
    for _ in range(600):
        before, after = random.lognormal(0, 0.1, counts[0]), 1.1 * random.lognormal(0, 0.1, counts[1])
        bounds = interval(before.tolist(), after.tolist())
        assert bounds is not None
        covered += bounds[0] <= 0.1 <= bounds[1]
    assert 0.93 <= covered / 600 <= 0.995


def test_slow_moods_of_a_machine_rarely_make_a_regression() -> None:
    """Samples whose mood lasts for a twentieth of the measurement, as a clock's or a neighbour's does."""
    random = np.random.default_rng(7)

    def moody() -> Record:
        moods = np.repeat(random.normal(0, 0.03, 20), 25)
        return timed((2.0 * np.exp(moods + random.normal(0, 0.02, 500))).tolist())

    wrong = 0
    for _ in range(200):
        (change,) = compare([moody()], [moody()], tolerance=0).changes
        assert change.low is not None and change.high is not None
        wrong += not change.low <= 0 <= change.high
    assert wrong / 200 <= 0.08


def test_too_few_or_worthless_times_have_no_interval() -> None:
    assert interval([1.0] * 3, [1.0] * 10) is None
    assert interval([1.0] * 10, [0.0] + [1.0] * 9) is None
    assert interval([1.0] * 4, [1.0] * 4) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("change", "bounds", "verdict"),
    [
        (0.06, (0.01, 0.10), "slower"),
        (0.06, (-0.01, 0.10), "unclear"),
        (0.05, (0.04, 0.06), "unclear"),
        (-0.2, (-0.3, -0.1), "faster"),
        (0.0, (-0.05, 0.05), "same"),
        (0.0, (-0.06, 0.05), "unclear"),
        (0.051, None, "slower"),
        (0.05, None, "same"),
    ],
)
def test_verdicts(change: float, bounds: tuple[float, float] | None, verdict: str) -> None:
    assert judge(change, bounds, 0.05) == verdict

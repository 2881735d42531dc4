"""What the official benchmark_model prints: both of its outputs, cut short, and silent fallbacks."""

from __future__ import annotations

import pytest

from android_bench.phone.runner.official_output import OfficialFacts, parse, share_of

OLD = """\
STARTING!
Log parameter values verbosely: [0]
Graph: [model.tflite]
Loaded model model.tflite
The input model file size (MB): 0.84
Initialized session in 0.855ms.
Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
count=15 first=49060 curr=33912 min=33711 max=49060 avg=34825.1 std=3820

Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
count=50 first=32891 curr=33978 min=32641 max=34005 avg=33209.4 std=450

Inference timings in us: Init: 855, First inference: 49060, Warmup (avg): 34825.1, Inference (avg): 33209.4
Note: as the benchmark tool itself affects memory footprint, the following is only APPROXIMATE.
Peak memory footprint (MB): init=0 overall=12.8672
"""
NEW = """\
INFO: STARTING!
VERBOSE: Replacing 97 out of 97 node(s) with delegate (TfLiteXNNPackDelegate) node, yielding 1 partitions.
INFO: count=9 first=87112 curr=51629 min=51629 max=87112 avg=58147.4 std=11478 p5=51629 median=51962 p95=87112

INFO: count=1000 first=52162 curr=49785 min=49088 max=68610 avg=53743.2 std=67 p5=49620 median=51891 p95=67628

Inference timings in us: Init: 11951, First inference: 87112, Warmup (avg): 58147.4, Inference (avg): 53743.2
INFO: Memory footprint delta from the start of the tool (MB): init=55.4961 overall=55.4961
Timings (microseconds): count=3166 first=947 curr=406 min=390 max=947 avg=411.071 std=14
"""
COUNTS = """\
INFO: count=526 first=2125 curr=969 min=910 max=2125 avg=949.861 std=68 p5=915 median=939 p95=990

INFO: count=1054 first=1015 curr=942 min=910 max=1102 avg=947.132 std=23 p5=915 median=942 p95=991

"""
SUMMARY = """\
INFO: [./litert/tools/benchmark_litert_model.h:72]
========== BENCHMARK RESULTS ==========
INFO: [./litert/tools/benchmark_litert_model.h:73] Model initialization: 5.76 ms
INFO: [./litert/tools/benchmark_litert_model.h:75] Warmup (first):       2.12 ms
INFO: [./litert/tools/benchmark_litert_model.h:77] Warmup (avg):         0.95 ms (526 runs)
INFO: [./litert/tools/benchmark_litert_model.h:79] Inference (avg):      0.95 ms (1054 runs)
INFO: [./litert/tools/benchmark_litert_model.h:83] Inference (min):      0.91 ms
INFO: [./litert/tools/benchmark_litert_model.h:85] Inference (max):      1.10 ms
INFO: [./litert/tools/benchmark_litert_model.h:87] Inference (std):      0.02
INFO: [./litert/tools/benchmark_litert_model.h:94] Throughput:           197.97 MB/s
INFO: [./litert/tools/benchmark_litert_model.h:105] Init footprint:       4.06 MB
INFO: [./litert/tools/benchmark_litert_model.h:107] Overall footprint:    7.07 MB
INFO: [./litert/tools/benchmark_litert_model.h:114] Peak memory usage not available. (peak_mem_mb <= 0)
"""


def figures(facts: OfficialFacts) -> tuple[float | None, ...]:
    return (facts.load_ms, facts.first_ms, facts.mean_ms, facts.std_ms, facts.min_ms, facts.max_ms,
            facts.p50_ms, facts.p95_ms)  # fmt: skip


def test_an_old_tools_output() -> None:
    facts = parse(OLD, "")
    assert figures(facts) == pytest.approx((0.855, 49.06, 33.2094, 0.45, 32.641, 34.005, None, None))
    assert (facts.warmup_runs, facts.runs, facts.coarse) == (15, 50, False)
    assert facts.seconds == pytest.approx(1.66047)
    assert facts.memory_increase_mb == 13.5
    assert facts.tool == "TensorFlow Lite benchmark_model"


def test_a_new_tools_output_on_stderr_with_a_profile_behind_it() -> None:
    facts = parse("", NEW.replace("\n", "\r\n"))
    assert figures(facts) == pytest.approx((11.951, 87.112, 53.7432, 0.067, 49.088, 68.61, 51.891, 67.628))
    assert (facts.warmup_runs, facts.runs) == (9, 1000)


def test_litert_tells_more_in_its_lines_than_in_its_summary() -> None:
    fine, coarse = parse(COUNTS + SUMMARY, ""), parse("", SUMMARY)
    assert figures(fine) == pytest.approx((5.76, 2.125, 0.947132, 0.023, 0.91, 1.102, 0.942, 0.991))
    assert figures(coarse) == pytest.approx((5.76, 2.12, 0.95, 0.02, 0.91, 1.10, None, None))
    assert (fine.coarse, coarse.coarse) == (False, True)
    for facts in (fine, coarse):
        assert (facts.tool, facts.warmup_runs, facts.runs) == ("LiteRT benchmark_model", 526, 1054)
        assert facts.memory_increase_mb == 7.4


def test_a_single_warm_up_run_and_equal_runs() -> None:
    text = (
        "count=1 curr=1357 p5=1357 median=1357 p95=1357\n\ncount=3 curr=7(all same) p5=7 median=7 p95=7\n\n"
        "Inference timings in us: Init: 5, First inference: 1357, Warmup (avg): 1.3e+03, Inference (avg): 7\n"
    )
    facts = parse(text, "")
    assert (facts.first_ms, facts.mean_ms, facts.std_ms, facts.max_ms) == (1.357, 0.007, 0.0, 0.007)
    assert facts.runs == 3


@pytest.mark.parametrize(
    "whole", [OLD, NEW, COUNTS + SUMMARY, SUMMARY], ids=["old", "new", "litert", "summary"]
)
def test_an_output_cut_anywhere_is_refused_or_read_as_it_was(whole: str) -> None:
    facts = parse(whole, "")
    read = [cut for length in range(len(whole)) if (cut := parsed(whole[:length]))]
    assert len(read) < len(whole) / 2
    for cut in read:
        assert (cut.runs, cut.mean_ms) == (facts.runs, pytest.approx(facts.mean_ms, rel=0.01))


def parsed(text: str) -> OfficialFacts | None:
    try:
        return parse(text, "")
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cut short"),
        (
            "ERROR: Node number 57 (BATCH_MATMUL) failed to prepare.\nERROR: Benchmarking failed.\n",
            "Node number 57",
        ),
        ("ERROR: Benchmarking failed.\n", "does not say why"),
        (f"WARN: Unconsumed cmdline flags: --use_nnapi=true\n{OLD}", "--use_nnapi=true"),
        (OLD.replace("Inference (avg): 33209.4", "Inference (avg): 11.5"), "contradicts"),
        (OLD.replace("min=32641", "min=nan"), "missing"),
        (OLD.replace("max=34005", "max=30000"), "minimum and maximum"),
        (OLD.replace("std=450", "std=1e999"), "missing"),
    ],
    ids=[
        "empty",
        "failed",
        "failed silently",
        "unknown flag",
        "contradiction",
        "nan",
        "mean outside",
        "infinite",
    ],
)
def test_what_is_no_result_is_said_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        parse(text, "")
    assert "\n" not in str(caught.value)


REPLACED = "VERBOSE: Replacing {} out of {} node(s) with delegate ({}) node, yielding 1 partitions.\n"
BY_GPU, BY_LITERT, BY_CPU = "TfLiteGpuDelegateV2", "LITERT_CL", "TfLiteXNNPackDelegate"
KERNELS = "INFO: Initialized OpenCL-based API.\nINFO: Created 1 GPU delegate kernels.\n"
APPLIED = "Explicitly applied {} delegate, and the model graph will be {} executed by the delegate"


@pytest.mark.parametrize(
    ("delegate", "log", "share"),
    [
        ("cpu", "", "all"),
        ("gpu", "", "none"),
        ("gpu", KERNELS + APPLIED.format("GPU", "completely"), "all"),
        ("gpu", KERNELS + APPLIED.format("GPU", "partially") + " w/ 44 delegate kernels.", "part"),
        ("gpu", REPLACED.format(97, 97, BY_GPU) + APPLIED.format("GPU", "completely"), "none"),
        ("gpu", "GPU acceleration is unsupported.\n" + APPLIED.format("XNNPACK", "completely"), "none"),
        ("nnapi", APPLIED.format("NNAPI", "completely"), "all"),
        ("nnapi", APPLIED.format("GPU", "completely"), "none"),
        (
            "nnapi",
            REPLACED.format(97, 97, "TfLiteNnapiDelegate")
            + "Though NNAPI delegate is explicitly applied, the model graph will not be executed by it.",
            "none",
        ),
        ("gpu", REPLACED.format(97, 97, BY_LITERT), "all"),
        ("gpu", REPLACED.format(90, 97, BY_LITERT) + REPLACED.format(7, 8, BY_CPU), "part"),
        ("gpu", REPLACED.format(97, 97, BY_LITERT) + REPLACED.format(97, 97, BY_CPU), "none"),
        ("gpu", REPLACED.format(97, 97, BY_CPU), "none"),
    ],
)  # fmt: skip
def test_a_delegate_counts_only_where_it_stayed(delegate: str, log: str, share: str) -> None:
    assert share_of(log, delegate) == share
    assert parse(OLD, log, delegate).delegated == share


def test_nnapi_that_is_only_the_reference_on_the_cpu_is_said() -> None:
    log = "NNAPI accelerators available: [nnapi-reference]\n" + APPLIED.format("NNAPI", "completely")
    assert any("computes on the CPU" in note for note in parse(OLD, log, "nnapi").notes)
    assert not any("computes" in note for note in parse(OLD, log.replace("[", "[dsp,"), "nnapi").notes)

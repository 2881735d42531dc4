"""`facekp-bench --device cpu|gpu|adb`: what is measured, where, and what becomes of the records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from android_bench.commands.phone_options import PHONES_OWN, phone_measurement, quick_look
from android_bench.commands.progress import progress_bar
from android_bench.defaults import (
    MAX_TEMPERATURE,
    MIN_RUNS,
    MIN_SECONDS,
    MOST_RUNS,
    MOST_SECONDS,
    REPEATS,
    TIMEOUT_SECONDS,
    WARMUP_RUNS,
)
from facekp_train.common.completion import completed
from facekp_train.common.console import MOST_THREADS, UserError, out
from facekp_train.common.feedback.idle import idle, needs
from facekp_train.common.model_option import folder_option

if TYPE_CHECKING:
    from android_bench.commands.phone_options import Measure
    from android_bench.records.record import Record
    from android_bench.timing import Progress


DEVICES = ("cpu", "gpu", "adb")
DELEGATES = ("cpu", "gpu", "nnapi")


def _runners() -> Iterable[str]:
    from android_bench.phone.settings import RUNNERS

    return RUNNERS


def bench(
    context: typer.Context,
    *,
    device: Annotated[
        str,
        typer.Option(
            help="Where to compute: cpu or gpu of this computer, or adb: a connected phone.",
            autocompletion=completed(lambda: DEVICES),
        ),
    ] = "cpu",
    models: Annotated[
        list[Path] | None,
        folder_option(
            "File, .tflite, .onnx or .safetensors, a folder of them; repeatable. Default: mdp-0.25x."
        ),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(
            help="Runtimes, separated by commas: onnxruntime, litert, torch. Default: all installed."
        ),
    ] = None,
    threads: Annotated[str, typer.Option(help="Numbers of threads, separated by commas, such as 1,4.")] = "1",
    min_runs: Annotated[
        int, typer.Option(min=1, max=MOST_RUNS, help="Minimum number of timed runs.")
    ] = MIN_RUNS,
    min_seconds: Annotated[
        float, typer.Option(min=0, max=MOST_SECONDS, help="Minimum time spent in timed runs, in seconds.")
    ] = MIN_SECONDS,
    warmup: Annotated[
        int, typer.Option(min=0, max=MOST_RUNS, help="Warm-up runs after the first, not timed.")
    ] = WARMUP_RUNS,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds to wait for a model's answer before giving up.")
    ] = TIMEOUT_SECONDS,
    shape: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SIZES",
            help="Size of an input that the file leaves open, such as input=1,3,128,128; repeatable.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document instead of the table.")
    ] = False,
    markdown: Annotated[Path | None, typer.Option(help="Also write the table to this Markdown file.")] = None,
    output: Annotated[
        Path | None, typer.Option("--out", help="Also write the JSON document to this file.")
    ] = None,
    serial: Annotated[
        list[str] | None,
        typer.Option(
            help="Phone: its serial in 'adb devices', HOST:PORT of one in the network, or all; repeatable. "
            "Default: the only one."
        ),
    ] = None,
    delegate: Annotated[
        str,
        typer.Option(
            help="Phone: what computes, separated by commas: cpu, gpu, nnapi.",
            autocompletion=completed(lambda: DELEGATES, several=True),
        ),
    ] = "cpu",
    repeat: Annotated[
        int, typer.Option(min=1, help="Phone: how often the whole measurement is repeated.")
    ] = REPEATS,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Phone: a first look: one repeat of ten runs, int8 and float32 files alone.",
        ),
    ] = False,
    runner: Annotated[
        str,
        typer.Option(
            help="Phone: the program that measures: auto, bionic, glibc, official or app.",
            autocompletion=completed(_runners),
        ),
    ] = "auto",
    benchmark_binary: Annotated[
        str | None, typer.Option(help="Phone: path or address of benchmark_model, for --runner official.")
    ] = None,
    max_temp: Annotated[
        float, typer.Option(help="Phone: wait until it has cooled to this many degrees C.")
    ] = MAX_TEMPERATURE,
    sustained: Annotated[
        str | None,
        typer.Option(help="Phone: measure for this long without a pause, such as 10m, to see it throttle."),
    ] = None,
    fixed_performance: Annotated[
        bool,
        typer.Option(help="Phone: Android's fixed performance mode (steady clocks), for comparisons only."),
    ] = False,
    apk: Annotated[
        Path | None, typer.Option(help="Phone: the app, for --runner app. Default: build/facekp-sample.apk.")
    ] = None,
    uninstall: Annotated[
        bool, typer.Option("--uninstall", help="Phone: remove the app afterwards, with --runner app.")
    ] = False,
    bundles: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Phone: folder with the runners' archives, for a computer that reaches no registry.",
        ),
    ] = None,
    adb: Annotated[str | None, typer.Option(help="Phone: the adb program. Default: the one in PATH.")] = None,
    adb_server: Annotated[
        str | None,
        typer.Option(help="Phone: HOST:PORT of the adb server it is connected to. Default: this computer's."),
    ] = None,
) -> None:
    """Measure on this machine or on phones, each model in a process of its own, in turns."""
    if context.invoked_subcommand is not None:
        return
    if device not in DEVICES:
        raise typer.BadParameter(f"'{device}' is not one of {', '.join(DEVICES)}", param_hint="--device")
    from android_bench.engines.engines import ENGINES
    from android_bench.host.bench import bench_models
    from android_bench.interruption import Interrupted
    from android_bench.reports.delivery import check_targets, failures
    from android_bench.timing import StopRule
    from facekp_train.common.locks import alone_with

    engines, gpu = ENGINES, None
    if device == "gpu":
        from android_bench.engines.gpu import gpu_engines

        engines, gpu = gpu_engines()
    runtimes = None if runtime is None else _chosen(runtime, engines, "--runtime")
    counts, rule = _numbers(threads, "--threads"), StopRule(min_runs, min_seconds)
    files, shapes = models or [_shipped_export()], _shapes(shape or [])

    def on_this_machine(progress: Progress) -> tuple[list[Record], list[str]]:
        records = bench_models(
            files, threads=counts, runtimes=runtimes, rule=rule, warmup=warmup, timeout=timeout,
            progress=progress, engines=engines, gpu=gpu, shapes=shapes,
        )  # fmt: skip
        return records, []

    measure: Measure = on_this_machine
    if device == "adb":
        needs(context, "--runner official", runner == "official", "benchmark_binary")
        needs(context, "--runner app", runner == "app", "apk", "uninstall")
        idle(context, "with --sustained, which is one long measurement", sustained, "repeat")
        idle(context, f"with --runner {runner}, which is one file", runner in ("app", "official"), "bundles")
        on_gpu = {word.strip() for word in delegate.split(",")} == {"gpu"}
        idle(context, "with --delegate gpu alone, where the processor computes nothing", on_gpu, "threads")
        if quick:
            files, repeat, rule, warmup = quick_look(context, files)
        if shapes:
            raise typer.BadParameter(
                "a phone's runner takes the file's own size; leave it out, and export a file that states it",
                param_hint="--shape",
            )
        measure = phone_measurement(
            files, runtimes, counts, rule, warmup=warmup, timeout=timeout, serials=serial or [],
            delegates=_chosen(delegate, DELEGATES, "--delegate"), repeat=repeat, quick=quick,
            runner=runner, binary=benchmark_binary, max_temp=max_temp, sustained=sustained,
            fixed_performance=fixed_performance, source=bundles, apk=apk, uninstall=uninstall,
            adb=adb, server=adb_server,
        )  # fmt: skip
    else:
        needs(context, "--device adb", False, *PHONES_OWN)
    check_targets(markdown, output, sources=files)
    errors: list[str] = []
    interrupted = False
    with alone_with(markdown, output):
        try:
            with progress_bar() as progress:
                records, errors = measure(progress)
        except Interrupted as stop:
            records, interrupted = stop.records, True
        _deliver(records, as_json, {"json": output, "markdown": markdown})
    if interrupted:
        raise KeyboardInterrupt
    if errors or not all(record.valid for record in records):
        raise UserError("; ".join([*errors, *failures(records)]))


def _shipped_export() -> Path:
    from facekp_train.common.shipped import default_model

    return default_model().parent


def _words(text: str, option: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise typer.BadParameter(f"'{text}' is not a list separated by commas", param_hint=option)
    return words


def _chosen(text: str, among: Iterable[str], option: str) -> list[str]:
    words = _words(text, option)
    for word in words:
        if word not in among:
            raise typer.BadParameter(f"'{word}' is not one of {', '.join(among)}", param_hint=option)
    return words


def _numbers(text: str, option: str) -> list[int]:
    numbers = []
    for word in _words(text, option):
        if not re.fullmatch("[0-9]{1,9}", word) or not 1 <= int(word) <= MOST_THREADS:
            raise typer.BadParameter(
                f"'{word[:60]}' is not a number from 1 to {MOST_THREADS}", param_hint=option
            )
        numbers.append(int(word))
    return numbers


def _shapes(texts: Sequence[str]) -> dict[str, list[int]]:
    """{"input": [1, 3, 128, 128]} of "input=1,3,128,128"; a name may hold an equals sign."""
    shapes: dict[str, list[int]] = {}
    for text in texts:
        name, equals, sizes = text.rpartition("=")
        words = [word.strip() for word in sizes.split(",")]
        if not equals or not name or not all(re.fullmatch(r"0*[1-9]\d{0,8}", word) for word in words):
            raise typer.BadParameter(
                f"'{text}' is not NAME=SIZES, such as input=1,3,128,128", param_hint="--shape"
            )
        shapes[name] = [int(word) for word in words]
    return shapes


def _deliver(records: Sequence[Record], as_json: bool, files: dict[str, Path | None]) -> None:
    """Write the files that were asked for, then print."""
    from android_bench.reports.delivery import write_files
    from android_bench.reports.tables import json_text, terminal

    unwritten = write_files(records, files)
    if as_json:
        print(json_text(records), end="")
    elif len(records) > 1 or any(record.valid for record in records):
        out.print(terminal(records, out.width))
    if unwritten:
        raise unwritten[0]

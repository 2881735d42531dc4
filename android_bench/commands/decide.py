"""facekp-bench decide: accuracy, time and size of exports in one table, and the file to ship."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from android_bench.commands.phone_options import parse_server
from android_bench.commands.progress import progress_bar
from facekp_export.commands.options import (
    LimitOption,
    NormalizerOption,
    SplitOption,
    StrictOption,
    labelled_data,
    read_faces,
)
from facekp_train.common.completion import completed
from facekp_train.common.console import UserError, out, say, warn
from facekp_train.common.feedback.idle import needs
from facekp_train.common.model_option import folder_argument

if TYPE_CHECKING:
    from android_bench.decision.decide import Decided
    from android_bench.decision.join import Candidate, Sourced
    from android_bench.phone.bench import Access
    from android_bench.records.record import Record
    from facekp_train.schemes import Scheme

DEVICES = ("cpu", "adb")
_DATA_HELP = "Labeled faces to measure every file's NME on, FORMAT:PATH. Default: the manifests' figures."


def decide(
    context: typer.Context,
    exports: Annotated[list[Path], folder_argument("Export folders and .tflite or .onnx files.")],
    *,
    data: Annotated[str | None, typer.Option(help=_DATA_HELP)] = None,
    split: SplitOption = None,
    limit: LimitOption = None,
    strict: StrictOption = False,
    normalizer: NormalizerOption = None,
    device: Annotated[
        list[str] | None,
        typer.Option(
            help="Where to measure what --records does not hold: cpu of this computer, adb: connected "
            "phones; repeatable. Default: cpu without --records, else nowhere.",
            autocompletion=completed(lambda: DEVICES),
        ),
    ] = None,
    records: Annotated[
        list[Path] | None,
        typer.Option(help="Document that --out or --json wrote, joined by SHA-256; repeatable."),
    ] = None,
    serial: Annotated[
        list[str] | None,
        typer.Option(help="Phone: its serial, HOST:PORT, or all; repeatable. Default: the only one."),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Phone: a first look: one repeat of ten runs, int8 and float32 files alone."
        ),
    ] = False,
    adb: Annotated[str | None, typer.Option(help="Phone: the adb program. Default: the one in PATH.")] = None,
    adb_server: Annotated[str | None, typer.Option(help="Phone: HOST:PORT of the adb server.")] = None,
    max_ms: Annotated[
        float | None, typer.Option(min=0, help="Highest p50 on the slowest device, ms.")
    ] = None,
    max_mb: Annotated[float | None, typer.Option(min=0, help="Largest file, MB of 10^6 bytes.")] = None,
    max_nme_loss: Annotated[
        str, typer.Option(metavar="PERCENT", help="How much the NME may exceed the best file's, such as 2%.")
    ] = "2%",
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Recommend a file without NME, too.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document instead of the table.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--out", help="Also write the JSON document to this file.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write the table to this Markdown file.")] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            help="Also write one HTML page with plots. With --data it holds pictures of the faces that the "
            "file errs on most."
        ),
    ] = None,
) -> None:
    """Say which of several exports' files ships, and why.

    It is the fastest whose NME and size are within the limits. A file's time is that on the slowest
    phone, or without phones on the slowest machine. Files that another beats in NME, time and size, and
    what is invalid, emulated or without NME, are never recommended. Where nothing lies within the limits,
    the exit code is 1.
    """
    from android_bench.decision.choose import Limits
    from android_bench.decision.decide import decide as decided_of
    from android_bench.decision.join import find_candidates, join
    from android_bench.decision.measure import add_accuracy
    from android_bench.phone.bench import Access
    from android_bench.reports.delivery import check_targets
    from facekp_train.common.locks import alone_with

    needs(context, "--data", data, "split", "limit", "strict", "normalizer")
    limits = Limits(max_ms, max_mb, _percent(max_nme_loss), allow_missing)
    where = _devices(device, bool(records))
    needs(context, "--device adb", "adb" in where, "quick", "serial", "adb", "adb_server")
    access = Access(tuple(serial or ()), adb, parse_server(adb_server))
    check_targets(output, markdown, html, sources=(*exports, *(records or ())))
    dataset = labelled_data(data, split, limit, strict)
    with alone_with(output, markdown, html):
        candidates = find_candidates(exports)
        notes: list[str] = []
        known = _read(records or [], notes)
        faces = read_faces(dataset, _scheme_of(candidates))
        for name in where:
            known += _measured(name, candidates, known, access, notes, quick)
        add_accuracy(candidates, faces, normalizer)
        notes += join(candidates, known)
        decided = decided_of(candidates, limits, notes)
        _deliver(decided, as_json, output, markdown, html)
    if decided.document.recommended is None:
        raise UserError(decided.document.reason)


def _scheme_of(candidates: Sequence[Candidate]) -> Scheme | None:
    """That of the first file which says its own."""
    from facekp_export.inference.metadata import read_info

    infos = (read_info(candidate.path) for candidate in candidates if candidate.kind)
    return next((info.scheme for info in infos if info), None)


def _percent(text: str) -> float:
    """2 of "2%", "2 %" or "2"."""
    if not re.fullmatch(r"\d+(\.\d*)?|\.\d+", number := text.strip().removesuffix("%").strip()):
        raise typer.BadParameter(f"'{text}' is not a percentage, such as 2%", param_hint="--max-nme-loss")
    return float(number)


def _devices(names: Sequence[str] | None, with_records: bool) -> list[str]:
    for name in names or ():
        if name not in DEVICES:
            raise typer.BadParameter(f"'{name}' is not one of {', '.join(DEVICES)}", param_hint="--device")
    return list(dict.fromkeys(names or ([] if with_records else ["cpu"])))


def _read(paths: Sequence[Path], notes: list[str]) -> list[Sourced]:
    from android_bench.decision.join import Sourced
    from android_bench.records.documents import read_all

    read = read_all(paths)
    notes += read.notes
    return [Sourced(record, str(path)) for record, path in zip(read.records, read.sources, strict=True)]


def _measured(
    device: str,
    candidates: Sequence[Candidate],
    known: Sequence[Sourced],
    access: Access,
    notes: list[str],
    quick: bool,
) -> list[Sourced]:
    """Records of the files that lack a valid one on that device."""
    from android_bench.decision.measure import sourced, unmeasured
    from android_bench.engines.engines import EXPORTED
    from android_bench.host.bench import bench_models
    from android_bench.host.machine import describe_machine
    from android_bench.phone.bench import bench_phones
    from android_bench.phone.quick import FIRST_LOOK, KINDS, QUICK
    from android_bench.phone.settings import Settings

    here = describe_machine()

    def is_same(record: Record) -> bool:
        if device == "adb":
            return record.device == "adb" and (not access.serials or record.serial in access.serials)
        same_machine = (record.machine.cpu, record.machine.cores) == (here.cpu, here.cores)
        return record.device == "cpu" and record.threads == 1 and same_machine

    quick = quick and device == "adb"
    # A foreign file was named, and has no kind.
    wanted = [c for c in candidates if not quick or c.kind in (None, *KINDS)]
    files = unmeasured(wanted, known, is_same)
    if not files:
        return []
    with progress_bar() as progress:
        if device == "cpu":
            return list(sourced(bench_models(files, runtimes=EXPORTED, progress=progress)))
        settings = QUICK if quick else Settings()
        outcome = bench_phones(files, settings, access, progress=progress)
    notes += [*outcome.errors, *([FIRST_LOOK] if quick else [])]
    return list(sourced(outcome.records))


def _deliver(
    decided: Decided, as_json: bool, output: Path | None, markdown: Path | None, html: Path | None
) -> None:
    """Write the files that were asked for, then print."""
    from android_bench.decision import tables
    from android_bench.decision.page import page
    from facekp_train.common.files import write_text

    writers = {output: lambda _: decided.document.to_json(), markdown: tables.markdown, html: page}
    for target, text_of in writers.items():
        if target is not None:
            write_text(target, text_of(decided))
            say(f"wrote {target}")
    if as_json:
        print(decided.document.to_json(), end="")
        for note in decided.notes:
            warn(note)
    else:
        out.print(tables.terminal(decided))

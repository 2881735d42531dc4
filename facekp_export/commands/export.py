"""`facekp-export`: a checkpoint to verified ONNX and TFLite files."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekp_export.commands.options import (
    DataOption,
    JsonOption,
    SplitOption,
    StrictOption,
    ThreadsOption,
    labelled_data,
    opened,
    read_faces,
)
from facekp_export.commands.progress import Steps
from facekp_export.commands.untrained import check_untrained, checked_config
from facekp_train.common.backbones import BACKBONES_TOLD, backbone_option
from facekp_train.common.console import UserError, out, print_json, print_line
from facekp_train.common.feedback.idle import needs
from facekp_train.common.files import resolved
from facekp_train.common.model_option import checkpoint_option
from facekp_train.common.run_files import refuse_other_than_checkpoints

if TYPE_CHECKING:
    from facekp_export.export import ExportResult
    from facekp_export.verification.manifest import Manifest


class Format(str, Enum):
    """A family of files."""

    onnx = "onnx"
    tflite = "tflite"
    android = "android"
    web = "web"


_BESIDE = (Format.android.value, Format.web.value)
"""Folders that are made of an export's TFLite files."""


class Io(str, Enum):
    """Number format of an int8 file's input and output."""

    float = "float"
    int8 = "int8"
    int8_in = "int8-in"


def export(
    context: typer.Context,
    to: Annotated[
        list[Format] | None,
        typer.Option(
            help="Format to write; repeatable. Default: onnx and tflite. android: a folder with the TFLite "
            "files, a Kotlin library and an example. web: a folder with a page that runs them in a browser."
        ),
    ] = None,
    model: Annotated[
        Path | None,
        checkpoint_option("Checkpoint, .safetensors. Default: mdp-0.25x."),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Folder to write. Default: exports/NAME, NAME being the checkpoint's folder."
        ),
    ] = None,
    backbone: Annotated[str | None, backbone_option(f"With --untrained: {BACKBONES_TOLD}.")] = None,
    untrained: Annotated[
        bool, typer.Option("--untrained", help="Export random weights of --backbone, for timing alone.")
    ] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="With --untrained: one size of the net, such as --set size=96 or "
            "--set pairs=[0,0,1,2,1]; repeatable.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name stored in the files. Default: the checkpoint's own.")
    ] = None,
    calibration: Annotated[
        str | None,
        typer.Option(
            help="Data set whose faces set int8 ranges and confidence, FORMAT:PATH. Default: the demo photo."
        ),
    ] = None,
    io: Annotated[
        Io,
        typer.Option(
            help="Input and output: int8 writes also model_int8_io.tflite, integers in and out; int8-in "
            "model_int8_in.tflite, int8 in and float out."
        ),
    ] = Io.float,
    data: DataOption = None,
    split: SplitOption = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help="Faces of --data and of --calibration to read, spread over each. Default: all."
        ),
    ] = None,
    strict: StrictOption = False,
    tolerance: Annotated[
        float,
        typer.Option(min=0, help="Mean point distance allowed to quantized files, in pixels of the crop."),
    ] = 0.5,
    float16_tolerance: Annotated[
        float, typer.Option(min=0, help="Largest difference allowed to float16 files, in [0, 1] coordinates.")
    ] = 1e-3,
    nme_tolerance: Annotated[
        float, typer.Option(min=0, help="NME change allowed with --data, in percent.")
    ] = 2.0,
    threads: ThreadsOption = 1,
    archives: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Folder with the archives of --to web, for a computer that reaches no registry."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Export a checkpoint to ONNX and TFLite files, each verified against it.

    Nothing is published unless every file lies within the tolerance.
    """
    if context.invoked_subcommand is not None:
        return
    from facekp_export.conversion.toolchain import require_export
    from facekp_train.common.shipped import default_checkpoint
    from facekp_train.own_schemes import scheme_in_checkpoint

    check_untrained(context, untrained, backbone)
    needs(context, "--data", data, "split", "strict", "nme_tolerance")
    needs(context, "--data or --calibration", data or calibration, "limit")
    checkpoint = model or default_checkpoint()
    called = f"{backbone}-untrained" if untrained else resolved(checkpoint).parent.name
    out_folder = folder or Path("exports") / called
    formats = [chosen.value for chosen in to or [Format.onnx, Format.tflite]]
    needs(context, "--to web", Format.web.value in formats, "archives")
    if beside := [chosen for chosen in formats if chosen in _BESIDE]:
        if untrained:
            raise typer.BadParameter(f"--untrained is for timing alone; leave --to {beside[0]} out")
        formats = _before(beside, formats, out_folder, model)
    needs(context, "--to tflite", Format.tflite.value in formats, "io", "float16_tolerance")
    if not formats:
        again = f"--to tflite or --to onnx, since {out_folder} is exported already"
        needs(context, again, False, "calibration", "data", "name", "tolerance", "threads")
        _add(beside, out_folder, as_json, archives)
        return
    if not untrained:
        refuse_other_than_checkpoints(checkpoint)
    own = None if calibration is None else opened(calibration, limit)
    labelled = read_faces(labelled_data(data, split, limit, strict), scheme_in_checkpoint(checkpoint))
    require_export()
    from facekp_export.export import export_model
    from facekp_export.verification.verify import Tolerance

    steps = Steps()
    steps.heed_signals()
    if backbone is not None:
        from facekp_export.untrained import export_untrained

        made = export_untrained(
            checked_config(backbone, settings or []), out_folder, to=formats, integer_io=io is Io.int8,
            int8_input=io is Io.int8_in, threads=threads, name=name, step=steps.step,
        )  # fmt: skip
        _tell(made, as_json)
        return
    result = export_model(
        checkpoint, out_folder, to=formats, integer_io=io is Io.int8, int8_input=io is Io.int8_in,
        calibration=own, labelled=labelled, threads=threads, name=name, step=steps.step,
        tolerance=Tolerance(float16=float16_tolerance, quantized=tolerance, nme=nme_tolerance),
    )  # fmt: skip
    if beside:
        _add(beside, result.folder, as_json, archives, table=True)
    else:
        _tell(result, as_json)


def _tell(result: ExportResult, as_json: bool) -> None:
    if as_json:
        print_json({"folder": str(result.folder), **result.manifest.model_dump(mode="json")})
    else:
        _print_manifest(result.folder, result.manifest)


def _before(beside: list[str], formats: list[str], out: Path, model: Path | None) -> list[str]:
    """What is to be exported before folders are made of it: TFLite files, but for the page of an ONNX one."""
    from facekp_export.publishing.models import onnx_files, tflite_files
    from facekp_export.verification.manifest import read_manifest
    from facekp_train.common.files import sha256_of

    others = [chosen for chosen in formats if chosen not in beside]
    if Format.tflite.value in others:
        return others
    if set(formats) == {Format.web.value} and model is None and onnx_files(out) and not tflite_files(out):
        return []
    if not tflite_files(out):
        return [*others, Format.tflite.value]
    manifest = read_manifest(out)
    if others or (model and manifest and model.is_file() and sha256_of(model) != manifest.checkpoint_sha256):
        raise UserError(f"{out} holds TFLite files of an earlier export; add --to tflite to make them again")
    return []


def _add(beside: list[str], out: Path, as_json: bool, archives: Path | None, table: bool = False) -> None:
    """Make the folders and say what the export holds now."""
    from facekp_export.publishing.android import export_android
    from facekp_export.publishing.web import export_web

    for name in dict.fromkeys(beside):
        manifest = export_android(out) if name == Format.android.value else export_web(out, archives)
    if as_json:
        print_json({"folder": str(out), **manifest.model_dump(mode="json")})
        return
    if table:
        _print_manifest(out, manifest)
    hints = {
        Format.android.value: "begin with README.md there",
        Format.web.value: f"facekp-bench serve {out}",
    }
    for name in dict.fromkeys(beside):
        print_line(f"wrote {out / name}: {len(manifest.folders[name])} files; {hints[name]}")


def _print_manifest(folder: Path, manifest: Manifest) -> None:
    from rich.table import Table

    table = Table(title=f"{manifest.name}: {manifest.points} keypoints, each file against PyTorch")
    table.add_column("file")
    for column in ("MB", "mean px", "max px", "largest difference"):
        table.add_column(column, justify="right")
    if manifest.torch_nme is not None:
        table.add_column(f"NME % ({manifest.files[0].deviation.normaliser})", justify="right")
        table.add_column("change %", justify="right")
    for entry in manifest.files:
        deviation = entry.deviation
        cells = [
            f"{entry.bytes / 1e6:.2f}", f"{deviation.mean_px:.3f}", f"{deviation.max_px:.2f}",
            f"{deviation.max_abs:.1e}",
        ]  # fmt: skip
        if deviation.nme is not None:
            cells += [f"{deviation.nme:.3f}", f"{deviation.nme_change:+.2f}"]
        table.add_row(entry.file, *cells)
    out.print(table)
    if manifest.weights_licence is not None:
        print_line(f"What the weights may be used for: {manifest.weights_licence}")
    print_line(f"wrote {folder}: {len(manifest.files)} files, manifest.json, report.md")

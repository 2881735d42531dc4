"""A checkpoint becomes verified ONNX and TFLite files, a manifest and a report.

    from facekp_export.export import export_model

    result = export_model("runs/a/best.safetensors", "exports/a", to=("onnx", "tflite"))
    for entry in result.manifest.files:
        print(entry.file, entry.deviation.mean_px)

Needs the extra `export`: torch, onnx and tensorflow among others.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from facekp_export.conversion.toolchain import require_export
from facekp_export.inference.metadata import ModelInfo, onnx_with_info, tflite_with_info
from facekp_export.inference.noise import noise_in
from facekp_export.inference.runtimes import open_model
from facekp_export.publishing.publish import LOG, folders_of, made_with, staging_for
from facekp_export.quantization.calibration import CropSets, Faces, crop_sets, demo_views
from facekp_export.quantization.layer_errors import layer_errors
from facekp_export.verification.confidence_fit import fitted_scale
from facekp_export.verification.labelled import LabelledFaces
from facekp_export.verification.manifest import (
    MANIFEST,
    FileEntry,
    Manifest,
    file_entry,
    now,
    package_versions,
)
from facekp_export.verification.report import PICTURE, draw_comparison, write_report
from facekp_export.verification.verify import Tolerance, refuse_operators, verify_file
from facekp_train.boxes import box_mappings
from facekp_train.common.console import UserError
from facekp_train.common.files import sha256_of, write_text
from facekp_train.common.run_files import refuse_other_than_checkpoints
from facekp_train.common.shipped import CHECKPOINT
from facekp_train.landmarks import meaning
from facekp_train.metadata import Number, untrained_name

if TYPE_CHECKING:
    import onnx

    from facekp_train.evaluation.metrics import Evaluation
    from facekp_train.networks.checkpoint import Checkpoint

FORMATS = ("onnx", "tflite")
FILES = {
    "onnx": "model.onnx",
    "onnx_int8": "model_int8.onnx",
    "float32": "model_float32.tflite",
    "float16": "model_float16.tflite",
    "dynamic": "model_dynamic.tflite",
    "int8": "model_int8.tflite",
    "int8_in": "model_int8_in.tflite",
    "int8_io": "model_int8_io.tflite",
}
"""The file of every kind."""
_INTEGER_INPUTS: dict[str, Number] = {"int8": "uint8", "int8_in": "int8", "int8_io": "int8"}

Step = Callable[[str], AbstractContextManager[object]]
"""Wraps one named step of the work, for whoever shows progress."""


@dataclass(frozen=True)
class ExportResult:
    """What an export made.

    Attributes:
        folder: where the files lie.
        manifest: describes them, as manifest.json does.
    """

    folder: Path
    manifest: Manifest


@dataclass(frozen=True)
class _Job:
    """One export at work: the checkpoint, what travels from it into every file, where files go."""

    checkpoint: Checkpoint
    info: ModelInfo
    sets: CropSets
    folder: Path
    step: Step

    def path(self, kind: str) -> Path:
        return self.folder / FILES[kind]

    def info_of(self, kind: str) -> ModelInfo:
        """What the file of that kind says of itself."""
        return replace(self.info, kind=kind, input_type=_INTEGER_INPUTS.get(kind, "float32"))


def export_model(
    checkpoint: Path | str,
    out: Path | str,
    *,
    to: Sequence[str] = FORMATS,
    integer_io: bool = False,
    int8_input: bool = False,
    calibration: Faces | None = None,
    labelled: LabelledFaces | None = None,
    tolerance: Tolerance | None = None,
    threads: int = 1,
    name: str | None = None,
    step: Step = nullcontext,
) -> ExportResult:
    """Export a checkpoint into a folder, all files or none.

    Args:
        checkpoint: a .safetensors file of `facekp-train`.
        out: the folder.
        to: "onnx", "tflite" or both; the float model.onnx is written in any case.
        integer_io: also write an all-integer TFLite file.
        int8_input: also write the int8 TFLite file with an int8 input in place of uint8.
        calibration: data set (`FORMAT:PATH`, or open) whose faces set the ranges of quantized files and, by
            their labels, the scale of confidence; None for views of the demo photo and the default scale.
        labelled: faces to measure the NME on.
        tolerance: how far a file may lie from PyTorch; None for `Tolerance()`.
        threads: of the runtimes that verify.
        name: travels in every file; None for the checkpoint's own.
        step: wraps each named step of the work, to show progress.

    Returns:
        The folder and the manifest.

    Raises:
        ValueError, OSError: for wrong arguments and unreadable files.
        UserError: where a file cannot be made or lies beyond the tolerance. `out` then stays as it was,
            and the converters' log lies beside it.
    """
    checkpoint, out = Path(checkpoint), Path(out)
    kinds = _kinds(to, integer_io, int8_input)
    refuse_other_than_checkpoints(checkpoint)
    if out.exists() and not out.is_dir():
        raise OSError(f"{out} is a file; name a folder for the export")
    require_export()
    names = made_with(kinds, [FILES[kind] for kind in kinds])
    with staging_for(out, names) as staging, noise_in(staging / LOG):
        job = _prepare(checkpoint, calibration, staging, name, step)
        if job.info.untrained:
            # Nobody has it elsewhere, and PyTorch is timed with it.
            shutil.copyfile(checkpoint, staging / CHECKPOINT)
        _write_onnx(job, kinds)
        if "tflite" in to:
            _write_tflite(job, [kind for kind in kinds if FILES[kind].endswith(".tflite")])
        manifest = _verified(job, kinds, labelled, tolerance or Tolerance(), threads)
        manifest.folders = folders_of(out)
        with step("report"):
            if "int8" in kinds:
                _draw(job)
            write_report(staging, manifest)
            write_text(staging / MANIFEST, manifest.model_dump_json(indent=2) + "\n")
    return ExportResult(out, manifest)


def _kinds(to: Sequence[str], integer_io: bool, int8_input: bool) -> list[str]:
    """The kinds of file to write, in their order; ValueError for an unknown format."""
    if not to or not set(to) <= set(FORMATS):
        raise ValueError(f"a model is exported to {' or '.join(FORMATS)}, not to '{' '.join(to)}'")
    onnx = ["onnx_int8"] if "onnx" in to else []
    tflite = ["float32", "float16", "dynamic", "int8"] if "tflite" in to else []
    more = ["int8_in"] * int8_input + ["int8_io"] * integer_io
    return ["onnx", *onnx, *tflite, *(more if tflite else [])]


def _prepare(path: Path, calibration: Faces | None, folder: Path, name: str | None, step: Step) -> _Job:
    with step("checkpoint and crops"):
        from facekp_train.networks.checkpoint import load_checkpoint

        checkpoint = load_checkpoint(path)
        header = checkpoint.header
        rule = header.crop_rule
        if rule.size != header.net.size:
            raise UserError(
                f"{path}: its crop rule cuts {rule.size} pixels and its net takes {header.net.size}; "
                "train it with one size"
            )
        called = header.name if name is None else name
        info = ModelInfo(
            name=untrained_name(called) if header.untrained else called,
            scheme=header.scheme,
            kind="onnx",
            crop=rule,
            boxes=box_mappings(),
            checkpoint_sha256=sha256_of(path),
            source=path.name,
            five_offset=header.five_offset,
            weights_licence=header.weights_licence,
            untrained=header.untrained,
        )
        with meaning(header.scheme):
            sets = crop_sets(calibration, rule)
    if calibration is not None:
        with step("confidence"), meaning(header.scheme):
            info = replace(info, confidence_scale=fitted_scale(checkpoint.predict, info, calibration))
    return _Job(checkpoint, info, sets, folder, step)


def _write_onnx(job: _Job, kinds: Sequence[str]) -> None:
    """model.onnx and, if wanted, its int8 form."""
    import onnx

    from facekp_export.conversion.to_onnx import to_onnx
    from facekp_export.quantization.equalize import equalize
    from facekp_export.quantization.quantize_onnx import quantize_onnx
    from facekp_train.networks.keypoint_net import DeployedNet

    def save(kind: str, model: onnx.ModelProto) -> None:
        onnx.save(onnx_with_info(model, job.info_of(kind)), str(job.path(kind)))

    with job.step("PyTorch to ONNX"):
        model = to_onnx(DeployedNet(job.checkpoint.net), job.info.crop.size)
        model = equalize(model, job.sets.calibration)
        save("onnx", model)
    if "onnx_int8" in kinds:
        with job.step("int8 ONNX"):
            save("onnx_int8", quantize_onnx(model, job.sets.calibration))


def _write_tflite(job: _Job, kinds: Sequence[str]) -> None:
    """The TFLite files, from model.onnx."""
    import onnx

    from facekp_export.conversion.to_tflite import TfliteConverter

    pads_as_tf = job.checkpoint.net.backbone.pads_as_tf
    unwanted = ("TRANSPOSE", "PAD", "PADV2") if pads_as_tf else ("TRANSPOSE",)
    with job.step("ONNX to TensorFlow"):
        model = onnx.load(str(job.path("onnx")))
        converter = TfliteConverter(model, job.sets.calibration)
    with job.step("TensorFlow to TFLite: " + ", ".join(kinds)):
        for kind in kinds:
            data = tflite_with_info(converter.convert(kind), job.info_of(kind))
            job.path(kind).write_bytes(data)
            refuse_operators(job.path(kind), unwanted)


def _verified(
    job: _Job, kinds: Sequence[str], labelled: LabelledFaces | None, tolerance: Tolerance, threads: int
) -> Manifest:
    """The manifest of files that all lie within the tolerance."""
    predict = job.checkpoint.predict
    crops = job.sets.verification

    def explain(file_px: float) -> str:
        errors = layer_errors(job.checkpoint.net, crops)
        print(f"Mean distance in pixels with one layer rounded alone:\n{errors.table()}")  # into the log
        return errors.sentence(file_px)

    with job.step("PyTorch's own answers"):
        reference = predict(crops)
        info = job.info
        before = labelled and labelled.measure(predict, info.crop, info.scheme, info.five_offset)
    entries = []
    for kind in kinds:
        with job.step(f"{FILES[kind]} against PyTorch"):
            model = open_model(job.path(kind), threads)
            deviation = verify_file(model, crops, reference, tolerance, labelled, before, explain)
            entries.append(file_entry(model.runtime, kind, deviation))
    return _manifest(job, entries, before)


def _manifest(job: _Job, entries: list[FileEntry], before: Evaluation | None) -> Manifest:
    info = job.info
    return Manifest(
        name=info.name,
        untrained=info.untrained,
        scheme=info.scheme.name,
        points=info.points,
        crop=info.crop.as_dict(),
        boxes={name: mapping.as_dict() for name, mapping in info.boxes.items()},
        net=job.checkpoint.header.net.model_dump(mode="json"),
        checkpoint=info.source,
        checkpoint_sha256=info.checkpoint_sha256,
        weights_licence=info.weights_licence,
        calibration=f"{len(job.sets.calibration)} {job.sets.source}",
        # The format's name alone: where the data lie is nobody else's business.
        labelled=before and f"{before.data.partition(':')[0]}, {before.split}, {before.n} faces",
        torch_nme=before and before.nme[before.normaliser],
        files=entries,
        versions=package_versions(),
        created=now(),
    )


def _draw(job: _Job) -> None:
    """float32 against int8 on views of the demo photo, whoever the calibration's faces were."""
    views = demo_views(job.info.crop, 8)
    exact, quantized = (open_model(job.path(kind)).predict(views) for kind in ("float32", "int8"))
    draw_comparison(job.folder / PICTURE, views, exact, quantized, job.info.scheme)

"""Every exported file against PyTorch on the same crops and, with labelled faces, in NME."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from facekp_export.inference.flatbuffer import operators, read_model
from facekp_export.inference.runtimes import KeypointModel
from facekp_export.verification.labelled import LabelledFaces
from facekp_train.common.console import UserError
from facekp_train.evaluation.metrics import Evaluation
from facekp_train.landmarks import Floats
from facekp_train.samples import Crops

_EXACT_KINDS = ("onnx", "float32")
_FLOAT_KINDS = (*_EXACT_KINDS, "float16")
# A net of chance has no tolerance in pixels, since its answers have no scale: what is asked for is the share
# of their variance.
_FOLLOWS_CLOSELY, _FOLLOWS = 0.99, 0.5


@dataclass(frozen=True)
class Tolerance:
    """How far a file may lie from PyTorch.

    Attributes:
        float32: largest difference of a coordinate in [0, 1] of the crop.
        float16: the same for a float16 file.
        quantized: mean point distance in pixels of the crop, for dynamic-range and int8 files.
        nme: relative change in percent.
    """

    float32: float = 1e-4
    float16: float = 1e-3
    quantized: float = 0.5
    nme: float = 2.0

    @property
    def integer_output(self) -> float:
        """As quantized, for int8_io, whose output has a step of size / 256 pixels: 0.75 or more."""
        return max(0.75, self.quantized)


class Deviation(BaseModel):
    """A file's difference from PyTorch.

    Coordinates in [0, 1] of the crop, point distances in pixels of the crop, NME in percent of the
    normaliser, its change in percent of PyTorch's. None without labelled faces.
    """

    model_config = ConfigDict(extra="forbid")

    crops: int = Field(description="crops that both computed")
    max_abs: float = Field(description="largest difference of a coordinate")
    mean_abs: float = Field(description="mean difference of a coordinate")
    max_px: float = Field(description="largest distance of a point")
    mean_px: float = Field(description="mean distance of the points")
    faces: int | None = Field(default=None, description="labelled faces behind the NME")
    normaliser: str | None = Field(default=None, description="what the NME is divided by")
    nme: float | None = Field(default=None, description="the file's NME")
    nme_change: float | None = Field(default=None, description="against PyTorch's")
    followed: float | None = Field(
        default=None, description="of an untrained net: share of its answers' variance that the file follows"
    )

    # A stated return type would stand in the JSON Schema in place of the fields.
    @model_serializer(mode="wrap")
    def _plain(self, handler: SerializerFunctionWrapHandler):
        """Without what only an untrained net's have."""
        return {key: value for key, value in handler(self).items() if (key, value) != ("followed", None)}


def deviation(predicted: Floats, reference: Floats, size: int) -> Deviation:
    """How far keypoints lie from others.

    Args:
        predicted: [B, N, 2] in [0, 1] of the crop.
        reference: [B, N, 2] in [0, 1] of the crop.
        size: the crop's side in pixels.

    Raises:
        ValueError: where `predicted` is not finite.
    """
    if not np.isfinite(predicted).all():
        raise ValueError("its output is not finite")
    difference = np.asarray(predicted, np.float64) - reference
    distance = np.linalg.norm(difference, axis=-1) * size
    return Deviation(
        crops=len(difference),
        max_abs=float(np.abs(difference).max()),
        mean_abs=float(np.abs(difference).mean()),
        max_px=float(distance.max()),
        mean_px=float(distance.mean()),
    )


def followed(predicted: Floats, reference: Floats) -> float:
    """The share of the reference's variance over crops [B, N, 2] that a file's answers follow: 1 if all."""
    missed = float(np.square(np.asarray(predicted, np.float64) - reference).sum())
    varied = float(np.square(reference - np.mean(reference, axis=0, dtype=np.float64)).sum())
    return 1 - missed / max(varied, 1e-12)


def verify_file(
    model: KeypointModel,
    crops: Crops,
    reference: Floats,
    tolerance: Tolerance,
    faces: LabelledFaces | None = None,
    before: Evaluation | None = None,
    explain: Callable[[float], str] = lambda _px: "",
) -> Deviation:
    """Measure one file against PyTorch's keypoints of the same crops.

    Args:
        model: the exported file, opened.
        crops: uint8 [B, S, S, 3] RGB.
        reference: [B, N, 2] in [0, 1] of the crop, PyTorch's.
        tolerance: how far the file may lie from it.
        faces: labeled faces to measure the NME on.
        before: PyTorch's own result on them.
        explain: given the mean distance of a quantized file that is refused, what is known about its
            cause.

    Returns:
        The difference; with the NME where `faces` and `before` are given.

    Raises:
        UserError: naming the file, where it lies beyond the tolerance.
    """
    path = model.runtime.path
    try:
        predicted = model.predict(crops)
        difference = deviation(predicted, reference, model.info.crop.size)
    except ValueError as error:
        raise UserError(f"{path.name}: {error}") from None
    if model.info.untrained:
        difference = difference.model_copy(update={"followed": followed(predicted, reference)})
    _refuse_beyond(path.name, model.info.kind, difference, tolerance, explain)
    if faces is None or before is None:
        return difference
    info = model.info
    after = faces.measure(model.predict, info.crop, info.scheme, info.five_offset)
    name = before.normaliser
    change = (after.nme[name] / before.nme[name] - 1) * 100
    if abs(change) > tolerance.nme:
        float_file = model.info.kind in _FLOAT_KINDS
        advice = "; suspect its conversion" if float_file else _quantized_advice(difference, explain)
        raise UserError(
            f"{path.name} changes the NME over {name} by {change:+.2f} % (from {before.nme[name]:.3f} to "
            f"{after.nme[name]:.3f}); {tolerance.nme:g} % are allowed{advice}, "
            "or allow more with --nme-tolerance"
        )
    return difference.model_copy(
        update={"faces": after.n, "normaliser": name, "nme": after.nme[name], "nme_change": change}
    )


def _refuse_beyond(
    file: str, kind: str, difference: Deviation, tolerance: Tolerance, explain: Callable[[float], str]
) -> None:
    if difference.followed is not None and kind not in _EXACT_KINDS:
        _refuse_unlike(file, kind, difference.followed)
        return
    if kind in _FLOAT_KINDS:
        largest = tolerance.float16 if kind == "float16" else tolerance.float32
        if difference.max_abs > largest:
            remedy = (
                ": the weights cannot be rounded to float16, as happens to a net that was hardly trained; "
                "train it further, or allow more with --float16-tolerance"
                if kind == "float16"
                else ", so its conversion is wrong"
            )
            raise UserError(
                f"{file} differs from PyTorch by up to {difference.max_abs:.2g} in [0, 1] coordinates; "
                f"{largest:g} is allowed{remedy}"
            )
        return
    mean = tolerance.integer_output if kind == "int8_io" else tolerance.quantized
    if difference.mean_px > mean:
        raise UserError(
            f"{file} differs from PyTorch by {difference.mean_px:.2f} pixels on average; {mean:g} are allowed"
            f"{_quantized_advice(difference, explain)}, or allow more with --tolerance"
        )


def _refuse_unlike(file: str, kind: str, share: float) -> None:
    least = _FOLLOWS_CLOSELY if kind in _FLOAT_KINDS else _FOLLOWS
    if share < least:
        raise UserError(
            f"{file} follows {share:.0%} of what the untrained net's answers differ by from crop to crop; "
            f"{least:.0%} are needed, so its conversion is wrong"
        )


def _quantized_advice(difference: Deviation, explain: Callable[[float], str]) -> str:
    """What is known about a quantized file's error, and what helps against it."""
    cause = explain(difference.mean_px)
    return (
        f"{f'; {cause}' if cause else ''}; calibrate on faces like those of use (--calibration FORMAT:PATH), "
        "train on with facekp-train quantize-aware"
    )


def refuse_operators(path: Path, unwanted: tuple[str, ...]) -> None:
    """Refuse a TFLite file that holds an operator which wastes time on a phone.

    Args:
        path: the file.
        unwanted: names of operators, such as `TRANSPOSE`.

    Raises:
        UserError: naming the operator.
    """
    names = {operator.name for operator in operators(read_model(path.read_bytes()))}
    for name in unwanted:
        if name in names:
            raise UserError(
                f"{path.name} holds a {name} operator, which a clean conversion does not need; "
                "look at how the backbone pads and pools (docs/guides/export.md)"
            )

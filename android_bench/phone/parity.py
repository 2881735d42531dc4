"""Does the phone compute what this computer computes? Stored inputs, both answers, a tolerance.

Keypoint models get crops of the demo photo, cut by the crop rule that travels in their file; foreign
models get noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from android_bench.engines.engines import ENGINES, engine_of
from android_bench.engines.inputs import fill, sized
from android_bench.records.phone import Parity
from android_bench.records.record import Tensor
from facekp_export.inference.metadata import ModelInfo, read_info
from facekp_export.inference.runtimes import TensorSpec, open_runtime
from facekp_export.inference.stranger import refuse_harmful_model

_VIEWS = (
    (1.0, 0.0, 0.0, False), (1.0, 0.0, 0.0, True), (0.9, 0.0, 0.0, False), (1.1, 0.0, 0.0, False),
    (1.0, 0.05, 0.0, False), (1.0, -0.05, 0.0, False), (1.0, 0.0, 0.05, False), (1.0, 0.0, -0.05, False),
)  # fmt: skip
"""Of the demo photo's face: size of the square over the crop rule's, shifts to the right and down as
shares of it, mirrored. What a face finder's box may do to a crop."""
_FLOAT_TOLERANCE = {"cpu": 1e-4, "gpu": 5e-3, "nnapi": 5e-3}
"""On outputs in [0, 1]. GPUs compute in half precision, and the accelerators behind NNAPI may."""
_QUANTIZED = ("dynamic", "int8", "int8_in", "int8_io", "onnx_int8")
_STEPS = 2
_MEAN_PX_OF_128 = 0.1


@dataclass(frozen=True)
class Reference:
    """This computer's answers.

    content: the inputs as the runner reads them, one after another. outputs: an array for each output
    of each input in turn, as stored. specs: of one input's outputs.
    """

    content: bytes
    count: int
    source: str
    runtime: str
    info: ModelInfo | None
    specs: tuple[TensorSpec, ...]
    outputs: list[NDArray[Any]]


def reference_of(path: Path, most: int | None = None) -> Reference:
    """Run the stored inputs here, the first `most` of them where it is given.

    Raises ValueError, OSError for a file that this computer cannot run.
    """
    engine = engine_of(path)
    refuse_harmful_model(path)
    runtime, info = open_runtime(path), read_info(path)
    if len(runtime.inputs) != 1:
        raise ValueError(f"it has {len(runtime.inputs)} inputs, but a phone's runner fills only one")
    spec = sized(runtime.inputs[0], {})
    inputs = [fill(spec)] if info is None else _crops(spec, info)[:most]
    outputs: list[NDArray[Any]] = []
    for array in inputs:
        runtime.set_inputs([array])
        runtime.invoke()
        outputs += [result.copy() for result in runtime.results()]
    version = engine and ENGINES[engine.name].load()
    return Reference(
        content=b"".join(array.tobytes() for array in inputs),
        count=len(inputs),
        source="noise" if info is None else "crops of the demo photo",
        runtime=f"{runtime.name} {version or ''}".strip(),
        info=info,
        specs=runtime.outputs,
        outputs=outputs,
    )


def compare(
    reference: Reference, content: bytes, outputs: Sequence[Tensor], delegate: str
) -> tuple[Parity, str | None]:
    """How the phone's outputs agree, and in words why they do not.

    content: the outputs of all inputs as the runner wrote them. outputs: what the phone says they are.
    Raises ValueError where these are not the outputs of this model, or hold no finite numbers.
    """
    theirs = _split(reference, content, outputs)
    pairs = [
        (_real(mine, spec), _real(other, spec))
        for mine, other, spec in zip(
            reference.outputs, theirs, reference.specs * reference.count, strict=True
        )
    ]
    if not all(np.isfinite(other).all() for _, other in pairs):
        raise ValueError("its outputs on the phone hold numbers that are not finite")
    differences = [np.abs(mine - other) for mine, other in pairs]
    largest = max(float(difference.max(initial=0.0)) for difference in differences)
    tolerance, mean_px, tolerance_px = (
        _tolerance(reference, delegate, [mine for mine, _ in pairs]),
        None,
        None,
    )
    if reference.info is not None:
        mean_px = float(np.mean(differences)) * reference.info.crop.size
        if reference.info.kind in _QUANTIZED:
            tolerance_px = _MEAN_PX_OF_128 * reference.info.crop.size / 128
    ok = largest <= tolerance and (tolerance_px is None or mean_px is None or mean_px <= tolerance_px)
    parity = Parity(
        inputs=reference.count,
        source=reference.source,
        reference=reference.runtime,
        max_abs=largest,
        mean_px=mean_px,
        tolerance=tolerance,
        tolerance_px=tolerance_px,
        ok=ok,
    )
    return parity, None if ok else _complaint(parity)


def _complaint(parity: Parity) -> str:
    mean = "" if parity.mean_px is None else f", {parity.mean_px:.3f} px on average"
    return (
        f"its outputs on the phone differ from this computer's by up to {parity.max_abs:.2g}{mean} and "
        f"{parity.tolerance:.2g} is allowed: the phone computes something else"
    )


def _crops(spec: TensorSpec, info: ModelInfo) -> list[NDArray[Any]]:
    """Views of the demo photo's face, as the model's file takes them."""
    from facekp_export.demo import demo_face
    from facekp_train.crop import Square, cut

    image, tight = demo_face()
    face = info.crop.square(tight)
    crops = []
    for size, right, down, mirrored in _VIEWS:
        square = Square(face.x + right * face.side, face.y + down * face.side, size * face.side)
        crop = cut(image, square, info.crop)
        crops.append(_encoded(crop[:, ::-1] if mirrored else crop, spec))
    return crops


def _encoded(crop: NDArray[np.uint8], spec: TensorSpec) -> NDArray[Any]:
    if spec.shape[1] == 3:
        crop = crop.transpose(2, 0, 1)
    # The raw byte b stands for b / 128 - 1, which int8 stores as b - 128.
    values = (crop ^ 0x80).view(np.int8) if spec.dtype == np.int8 else crop
    return np.ascontiguousarray(values[None]).astype(spec.dtype, copy=False)


def _split(reference: Reference, content: bytes, outputs: Sequence[Tensor]) -> list[NDArray[Any]]:
    """The phone's bytes as arrays."""
    theirs = [(tuple(tensor.shape), tensor.dtype) for tensor in outputs]
    ours = [(spec.shape, spec.dtype.name) for spec in reference.specs]
    sizes = [array.nbytes for array in reference.outputs]
    if theirs != ours or len(content) != sum(sizes):
        raise ValueError("the phone's outputs are of another shape or type than this computer's")
    ends = np.cumsum(sizes)
    return [
        np.frombuffer(content[end - size : end], array.dtype).reshape(array.shape)
        for array, size, end in zip(reference.outputs, sizes, ends, strict=True)
    ]


def _real(values: NDArray[Any], spec: TensorSpec) -> NDArray[np.float64]:
    """The numbers that a tensor stands for."""
    numbers = values.astype(np.float64)
    return spec.scale * (numbers - spec.zero_point) if spec.scale else numbers


def _tolerance(reference: Reference, delegate: str, outputs: Sequence[NDArray[np.float64]]) -> float:
    """The largest difference that is allowed.

    For quantized arithmetic two steps of the output: the steps in which its numbers lie, or a
    255th of their range where they lie on no grid (dynamic-range quantization).
    """
    values = np.concatenate([array.ravel() for array in outputs])
    span = float(np.ptp(values)) if values.size else 0.0
    if reference.info is None:
        # Nothing is known of a foreign model's range, nor how it was quantized.
        step = _grid(values)
        exact = _FLOAT_TOLERANCE[delegate] * max(1.0, float(np.abs(values).max(initial=0.0)))
        return max(exact, _STEPS * step if step else 0.0)
    if reference.info.kind not in _QUANTIZED:
        return _FLOAT_TOLERANCE[delegate]
    return max(_STEPS * (_grid(values) or span / 255) * (1 + 1e-3), _FLOAT_TOLERANCE[delegate])


def _grid(values: NDArray[np.float64]) -> float | None:
    """The step of a grid on which all numbers lie, as those of an 8-bit tensor do; else None."""
    distinct = np.unique(np.round(values, 7))
    if len(distinct) < 8:
        return None
    step = float(np.diff(distinct).min())
    places = (distinct - distinct[0]) / step
    on_grid = np.abs(places - np.round(places)).max() < 0.05 and places[-1] < 256
    return step if on_grid else None

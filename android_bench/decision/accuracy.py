"""How well each file does: measured on labelled faces, or as its export's manifest has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facekp_export.inference.runtimes import open_model
from facekp_export.verification.labelled import LabelledFaces
from facekp_export.verification.manifest import MANIFEST, Manifest, now, read_manifest
from facekp_train.common.console import faces_in_words
from facekp_train.landmarks import Scheme
from facekp_train.samples import FaceSample

FAILURE = "10"
"""A face fails where its error exceeds so many percent of the normaliser."""
FLOAT_KINDS = ("float32", "onnx")
"""Kinds that the others of an export are compared with, the first that is there."""
WORST = 6
"""Faces of which pictures are drawn."""


@dataclass(frozen=True)
class WorstFace:
    """A face that a model errs on. predicted: [N, 2] in pixels of the photograph. error: percent."""

    sample: FaceSample
    predicted: NDArray[np.float64] = field(repr=False)
    error: float
    scheme: Scheme


@dataclass(frozen=True)
class Accuracy:
    """What is known of one file's accuracy.

    Attributes:
        nme: percent of the normaliser.
        failures: percent of faces above FAILURE; None where it is not known.
        basis: faces and normaliser; figures of another basis cannot be compared.
        source: where the figure comes from.
        worst: the faces of the largest errors, the worst first.
    """

    nme: float
    failures: float | None
    basis: str
    source: str
    worst: tuple[WorstFace, ...] = ()


def measured(path: Path, faces: LabelledFaces, normaliser: str | None = None, threads: int = 1) -> Accuracy:
    """Measure one file.

    Args:
        path: the .onnx or .tflite file.
        faces: the labeled faces.
        normaliser: what errors are percent of; None for the data's first.
        threads: of the runtime.

    Raises:
        ValueError: for a foreign or damaged file, and where the schemes do not fit.
    """
    model = open_model(path, threads)
    info = model.info
    answers = faces.answers(model.predict, info.crop, info.scheme, info.five_offset, progress=True)
    result = answers.score(faces.data, faces.split, normaliser)
    order = np.argsort(result.errors)[::-1][:WORST].tolist()
    places = [int(result.counted[place]) for place in order]
    return Accuracy(
        nme=result.nme[result.normaliser],
        failures=result.failure_rate[FAILURE],
        basis=_basis(f"{faces.data}, {faces.split}, {faces_in_words(result.n)}", result.normaliser),
        source=f"measured on this computer by {model.runtime.name}, {now()}",
        worst=tuple(
            WorstFace(answers.samples[at], answers.predicted[at], float(result.errors[place]), info.scheme)
            for place, at in zip(order, places, strict=True)
        ),
    )


def from_manifests(files: Mapping[str, Sequence[Path]]) -> dict[str, Accuracy]:
    """What the manifests beside the files say of them, the first that knows an NME.

    Args:
        files: by SHA-256 the folders that hold the file.

    Returns:
        By SHA-256; of files that no manifest knows, or knows no NME of, nothing.

    Raises:
        ValueError: for a damaged manifest.
    """
    manifests = {folder: read_manifest(folder) for folders in files.values() for folder in folders}
    said = {sha256: [_stated(manifests[folder], sha256) for folder in files[sha256]] for sha256 in files}
    known = {sha256: next(filter(None, accuracies), None) for sha256, accuracies in said.items()}
    return {sha256: accuracy for sha256, accuracy in known.items() if accuracy is not None}


def comparable(known: Mapping[str, Accuracy]) -> tuple[dict[str, Accuracy], str | None]:
    """The same where all have one basis; else nothing, and the sentence that says so."""
    bases = list(dict.fromkeys(accuracy.basis for accuracy in known.values()))
    if len(bases) <= 1:
        return dict(known), None
    return {}, (
        f"NME of these files cannot be compared: {bases[0]} here, {bases[1]} there; "
        "give --data, so that all are measured on the same faces"
    )


def float_of(kinds: Iterable[tuple[str, str | None]]) -> str | None:
    """The SHA-256 of an export's float file, given (SHA-256, kind) of its files; None where there is none."""
    by_kind = {kind: sha256 for sha256, kind in kinds}
    return next((by_kind[kind] for kind in FLOAT_KINDS if kind in by_kind), None)


def change_of(before: Accuracy | None, after: Accuracy | None) -> float | None:
    """Change of a file's NME from that of its export's float file, percent; None where one is not known."""
    if before is None or after is None or before.nme <= 0:
        return None
    return (after.nme / before.nme - 1) * 100


def _stated(manifest: Manifest | None, sha256: str) -> Accuracy | None:
    if manifest is None:
        return None
    entry = next((entry for entry in manifest.files if entry.sha256 == sha256), None)
    if entry is None or entry.deviation.nme is None:
        return None
    basis = _basis(
        manifest.labelled or "unnamed faces", entry.deviation.normaliser or "an unnamed normalizer"
    )
    return Accuracy(entry.deviation.nme, None, basis, f"{MANIFEST} of {manifest.name}, {manifest.created}")


def _basis(faces: str, normaliser: str) -> str:
    return f"{faces}, over {normaliser}"

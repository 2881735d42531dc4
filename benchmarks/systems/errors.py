"""The error of a system's file on MTFL's validation list, known by the file's SHA-256 or measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from android_bench.engines.weights import size_and_sha256
from benchmarks.systems.candidate import Candidate
from benchmarks.systems.others import Looks, predict_of_dlib, predict_of_mesh
from benchmarks.systems.sdm import RULE, Cascade
from facekp_export.inference.metadata import read_info
from facekp_export.inference.runtimes import open_model
from facekp_export.verification.labelled import LabelledFaces
from facekp_train.common.console import say
from facekp_train.common.files import parse_json
from facekp_train.datasets import open_dataset
from facekp_train.evaluation.evaluate import answer
from facekp_train.landmarks import scheme_of
from facekp_train.metadata import FiveOffset

NORMALISER = "inter_pupil"
_FACES = 3466
_MEASURED_WITH = ("litert", "numpy", "dlib")
"""A float32 .onnx or checkpoint is the same net as the .tflite beside it."""


def stated_errors(folders: Iterable[Path]) -> dict[str, float]:
    """What manifests say of their files, measured by the same rules: SHA-256 -> NME in percent."""
    found: dict[str, float] = {}
    for path in (folder / "manifest.json" for folder in folders):
        if not path.is_file():
            continue
        manifest = parse_json(path.read_text(encoding="utf-8"))
        if manifest["labelled"] != f"mtfl, validation, {_FACES} faces":
            continue
        found[manifest["checkpoint_sha256"]] = manifest["torch_nme"]
        found |= {entry["sha256"]: entry["deviation"]["nme"] for entry in manifest["files"]}
    return found


@dataclass(frozen=True)
class Measurer:
    """Measures files on the labelled faces of `data`, a folder that holds `mtfl`.

    five_offset: from the five that points of the 300W mark-up imply to hand-placed ones, for systems whose
    files do not say.
    """

    data: Path
    five_offset: FiveOffset | None

    @cached_property
    def _faces(self) -> LabelledFaces:
        return LabelledFaces.of(open_dataset(f"mtfl:{self.data / 'mtfl'}", split="validation"))

    def errors(self, candidates: Iterable[Candidate]) -> dict[str, float]:
        """Those of all trained files among the candidates, each file once: SHA-256 -> NME in percent."""
        found: dict[str, float] = {}
        for each in candidates:
            if not each.trained or each.engine.name not in _MEASURED_WITH:
                continue
            _, sha256 = size_and_sha256(each.path)
            if sha256 in found:
                continue
            say(f"error of {each.path.parent.name}/{each.path.name}")
            if (error := self._error(each)) is not None:
                found[sha256] = error
        return found

    def _error(self, candidate: Candidate) -> float | None:
        """Percent of the eye distance; None for what has no points of ours."""
        looks = self._looks(candidate)
        if looks is None:
            return None
        answers = answer(
            looks.predict,
            self._faces.samples,
            looks.rule,
            scheme=looks.scheme,
            five_offset=looks.five_offset,
            refine=looks.refine,
            progress=False,
        )
        return answers.score().nme[NORMALISER]

    def _looks(self, candidate: Candidate) -> Looks | None:
        path, runtime = candidate.path, candidate.engine.name
        own = scheme_of(68)
        if runtime == "numpy":
            cascade = Cascade.load(path)
            return Looks(cascade.runner(), RULE, own, cascade.offset)
        if runtime == "dlib":
            return predict_of_dlib(path, self.five_offset)
        if (info := read_info(path)) is None:
            return predict_of_mesh(path, self.five_offset)
        return Looks(open_model(path).predict, info.crop, info.scheme, info.five_offset)

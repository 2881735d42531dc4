"""Labelled faces that exported files are measured on. Imports neither torch nor tensorflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from facekp_train.crop import CropRule
from facekp_train.datasets import Dataset
from facekp_train.evaluation.evaluate import Answers, answer
from facekp_train.evaluation.metrics import Evaluation
from facekp_train.landmarks import Scheme
from facekp_train.metadata import FiveOffset
from facekp_train.samples import FaceSample, Predict


@dataclass(frozen=True)
class LabelledFaces:
    """The faces of one split, or some of them, and the names that results give them.

    Attributes:
        data: the data set's name.
        split: its split.
        samples: the faces.
        skipped: what the data set's reader left out, as {"file", "reason"}.
        warnings: what else it had to say.
        strict: the first photograph that cannot be read raises DataError.
    """

    data: str
    split: str
    samples: Sequence[FaceSample]
    skipped: Sequence[dict[str, str]] = ()
    warnings: Sequence[str] = ()
    strict: bool = False

    @classmethod
    def of(cls, dataset: Dataset) -> LabelledFaces:
        """A data set's faces.

        Args:
            dataset: the split.
        """
        samples = list(dataset)
        skipped, warnings = list(dataset.skipped), list(dataset.warnings)
        return cls(dataset.spec, dataset.split, samples, skipped, warnings, dataset.strict)

    def measure(
        self,
        predict: Predict,
        rule: CropRule,
        scheme: Scheme | None = None,
        five_offset: FiveOffset | None = None,
        normaliser: str | None = None,
        progress: bool = False,
    ) -> Evaluation:
        """A model's figures, cropped as the detector crops.

        Args:
            predict: from crops to keypoints.
            rule: how faces are cropped.
            scheme: the model's; None for the default of its count.
            five_offset: the model's; None where it has none.
            normaliser: what the figures are percent of; None for the primary one of the data's scheme.
            progress: show a bar.

        Raises:
            ValueError: where the schemes do not fit.
        """
        answers = self.answers(predict, rule, scheme, five_offset, progress)
        return answers.score(self.data, self.split, normaliser)

    def answers(
        self,
        predict: Predict,
        rule: CropRule,
        scheme: Scheme | None = None,
        five_offset: FiveOffset | None = None,
        progress: bool = False,
    ) -> Answers:
        """What a model says about each face; arguments and errors as of `measure`."""
        answers = answer(
            predict, self.samples, rule, scheme=scheme, five_offset=five_offset, strict=self.strict,
            progress=progress,
        )  # fmt: skip
        answers.skipped[:0] = self.skipped
        return answers

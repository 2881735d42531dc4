"""All that is measured of a checkpoint on a labelled split: figures, and what was asked for beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from facekp_train.datasets import Dataset
from facekp_train.evaluation.against import Against, paired_against
from facekp_train.evaluation.conditions import ByCondition, Condition, by_as_json, group_by
from facekp_train.evaluation.evaluate import Answers, Boxes, answer
from facekp_train.evaluation.metrics import Evaluation
from facekp_train.evaluation.published import TableRow, row_of
from facekp_train.evaluation.robustness import Kind, Robustness, measure_robustness
from facekp_train.landmarks import meaning
from facekp_train.samples import FaceSample, evenly
from facekp_train.schemes import Scheme

if TYPE_CHECKING:
    from facekp_train.networks.checkpoint import Checkpoint


@dataclass(frozen=True)
class Measurement:
    """A checkpoint's answers on a split and the figures of them.

    Attributes:
        answers: what it said about each face.
        evaluation: the figures of the split.
        row: the split's published table, where one was asked for.
        grouped: the faces by condition.
        robustness: the error under changes, where they were asked for.
        warnings: what to know of the figures.
        against: the change from another model's error, where one was named.
    """

    answers: Answers
    evaluation: Evaluation
    row: TableRow | None
    grouped: list[ByCondition]
    robustness: Robustness | None
    warnings: list[str]
    against: Against | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json` and evaluation.json."""
        document = self.evaluation.as_json()
        document |= {"splits": self.row.as_json()} if self.row else {}
        document |= {"by": by_as_json(self.grouped)} if self.grouped else {}
        document |= {"against": self.against.as_json()} if self.against else {}
        document["warnings"] = self.warnings
        document |= {"robustness": self.robustness.as_json()} if self.robustness else {}
        return document


def measure(
    checkpoint: Checkpoint,
    dataset: Dataset,
    *,
    boxes: Boxes = "listed",
    refine: bool = True,
    batch: int = 64,
    normaliser: str | None = None,
    whole_row: bool = False,
    by: Sequence[Condition] = (),
    changes: Mapping[Kind, tuple[float, ...]] | None = None,
    curve_faces: int = 500,
    against: tuple[str, Checkpoint] | None = None,
    data_scheme: Scheme | None = None,
) -> Measurement:
    """Measure a checkpoint on a labeled split.

    Args:
        checkpoint: the model.
        dataset: the split.
        boxes: as `facekp_train.evaluation.evaluate.answer`.
        refine: as `facekp_train.evaluation.evaluate.answer`.
        batch: as `facekp_train.evaluation.evaluate.answer`.
        normaliser: what the figures are percent of; None for the primary one of the data's scheme.
        whole_row: measure every split of the published table's row.
        by: conditions to group the split's faces by.
        changes: what to measure the robustness against.
        curve_faces: how many faces, evenly taken from the split, that is measured on.
        against: the name of another model and its checkpoint, to compare with on the same faces.
        data_scheme: of the faces' keypoints; None for the model's where it has as many.

    Returns:
        The answers and all figures.

    Raises:
        ValueError: where the data do not fit the model or nothing can be measured.
    """

    data_scheme = data_scheme or checkpoint.header.scheme

    def answers_of(model: Checkpoint, faces: Iterable[FaceSample]) -> Answers:
        header = model.header
        return answer(
            model.predict, faces, header.crop_rule, scheme=header.scheme, five_offset=header.five_offset,
            boxes=boxes, refine=refine, batch=batch, data_scheme=data_scheme,
        )  # fmt: skip

    with meaning(data_scheme):
        answers = answers_of(checkpoint, dataset)
        evaluation = answers.score(dataset.spec, dataset.split, normaliser)
        row = row_of(dataset, answers, evaluation) if whole_row and dataset.format.row else None
        compared = None
        if against:
            name, other = against
            figures = answers_of(other, answers.samples).score(normaliser=normaliser)
            compared = paired_against(evaluation, figures, name, answers.samples)
        robustness = None
        if changes:
            header = checkpoint.header
            some = [answers.samples[place] for place in evenly(len(answers.samples), curve_faces)]
            robustness = measure_robustness(
                checkpoint.predict, some, header.crop_rule, changes, scheme=header.scheme,
                five_offset=header.five_offset, normaliser=normaliser, boxes=boxes, batch=batch,
            )  # fmt: skip
        warnings = [*dataset.warnings, *(condition.caveat for condition in by if condition.caveat)]
        grouped = group_by(by, evaluation, answers.samples)
        return Measurement(answers, evaluation, row, grouped, robustness, warnings, compared)

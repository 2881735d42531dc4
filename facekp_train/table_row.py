"""A row of a published table: one pass over a data set's test faces, the figures of all its splits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.table import Table

from facekp_train.common.console import out
from facekp_train.datasets import Dataset
from facekp_train.evaluation.evaluate import Answers
from facekp_train.evaluation.metrics import Evaluation, in_words
from facekp_train.evaluation.published import PAPER, TABLES, PublishedTable
from facekp_train.samples import FaceSample

_FIELDS = ("n", "nme", "failure_rate", "auc", "mse")


@dataclass(frozen=True)
class TableRow:
    """The figures of each split that a table's row names; None for one without a face.

    published: the paper's table, where every split has the faces that it was measured on there.
    """

    splits: dict[str, Evaluation | None]
    published: PublishedTable | None

    def as_json(self) -> dict[str, Any]:
        """Plain data for `splits` of `--json`."""
        return {
            name: figures and {field: getattr(figures, field) for field in _FIELDS}
            for name, figures in self.splits.items()
        }


def row_of(dataset: Dataset, answers: Answers, whole: Evaluation) -> TableRow:
    """The figures of the row's splits from the answers for the last and widest of them, `whole`.

    The paper's table does not stand beside figures of the five points that two schemes imply.
    """
    splits: dict[str, Evaluation | None] = {
        split: _figures(replace(dataset, split=split, strict=False), answers)
        for split in dataset.format.row[:-1]
    }
    splits[dataset.split] = whole
    table = TABLES.get(dataset.spec.partition(":")[0].lower())
    counts = {split: figures.n if figures else 0 for split, figures in splits.items()}
    own_scheme = whole.points == len(answers.samples[0].keypoints)
    comparable = own_scheme and table and all(counts[split] == n for split, n in table.faces.items())
    return TableRow(splits, table if comparable else None)


def print_row(row: TableRow) -> None:
    """The row on stdout: a line for each normaliser, then the paper's figures where they compare."""
    table = Table("NME in %, over")
    for split, figures in row.splits.items():
        table.add_column(f"{split} ({figures.n if figures else 0:,})", justify="right")
    whole = next(figures for figures in reversed(row.splits.values()) if figures)
    for normaliser in whole.nme:
        values = [f"{figures.nme[normaliser]:.2f}" if figures else "-" for figures in row.splits.values()]
        table.add_row(in_words(normaliser), *values)
    if row.published is not None:
        table.add_section()
        for (model, normaliser), published in row.published.nme.items():
            known = dict(zip(row.published.faces, published, strict=True))
            values = [f"{known[split]:.2f}" if split in known else "-" for split in row.splits]
            table.add_row(f"the paper's {model}, {in_words(normaliser)}", *values)
    out.print(table)
    if row.published is not None:
        out.print(f"the paper's: {PAPER}, table {row.published.number}", markup=False, soft_wrap=True)


def _figures(part: Dataset, answers: Answers) -> Evaluation | None:
    """The figures of the answered faces that a split lists too; no face is asked about again."""
    try:
        members = {_identity(sample) for sample in part}
    except FileNotFoundError:
        return None
    faces = [face for face, sample in enumerate(answers.samples) if _identity(sample) in members]
    if not faces:
        return None
    return Answers(
        answers.refine,
        [answers.samples[face] for face in faces],
        [answers.predicted[face] for face in faces],
        [answers.sides[face] for face in faces],
    ).score(part.spec, part.split)


def _identity(sample: FaceSample) -> tuple[Path, bytes]:
    return sample.image, sample.keypoints.tobytes()

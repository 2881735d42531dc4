"""What the paper reports (`published.toml`), and a row of its tables 1 and 2 beside a model's own figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.table import Table

from facekp_train.common.console import out, print_line
from facekp_train.common.files import package_file, read_toml
from facekp_train.datasets import Dataset
from facekp_train.evaluation.evaluate import Answers
from facekp_train.evaluation.metrics import Evaluation, in_words
from facekp_train.samples import FaceSample

_FILE = package_file("facekp_train.evaluation", "published.toml")
FIGURES: dict[str, Any] = read_toml(_FILE)
"""What the paper reports, by the table or figure where it stands."""
PAPER: str = FIGURES["paper"]

_FIELDS = ("n", "nme", "failure_rate", "auc", "mse")


@dataclass(frozen=True)
class PublishedTable:
    """One table of the paper.

    source: where it stands. faces: how many each split has there; figures on other faces are not
    comparable. nme: of the paper's own nets, model and normaliser -> the NME of each split in percent.
    others: the same of those that it stands beside, of which some lack a split.
    """

    source: str
    faces: dict[str, int]
    nme: dict[tuple[str, str], dict[str, float]]
    others: dict[tuple[str, str], dict[str, float]]


def _table(source: str) -> PublishedTable:
    stated = FIGURES[source]
    own, others = (
        {
            (row["model"], row["normaliser"]): {
                split: row[split] for split in stated["faces"] if split in row
            }
            for row in stated[group]
        }
        for group in ("nme", "others")
    )
    return PublishedTable(source, stated["faces"], own, others)


TABLES = {FIGURES[source]["data"]: _table(source) for source in ("table 1", "table 2")}
"""By the format's name."""


def published_mse(source: str) -> dict[str, float]:
    """The paper's MSE, in units of its own, by method or by the value on a figure's axis."""
    return FIGURES[source]["mse"]


@dataclass(frozen=True)
class PublishedSystem:
    """A column of the paper's table 5.

    Attributes:
        model: the paper's name for it.
        megabytes: of its files, 10^6 bytes.
        milliseconds: a face, by the letter of the processor in `processors()`.
    """

    model: str
    megabytes: float
    milliseconds: dict[str, float]


def published_systems() -> dict[str, PublishedSystem]:
    """The paper's table 5 by system, as `benchmarks/table5.py` names them."""
    rows = FIGURES["table 5"]["systems"]
    return {row["key"]: PublishedSystem(row["model"], row["megabytes"], row["ms"]) for row in rows}


def processors() -> dict[str, str]:
    """Which processors the letters of table 5 stand for."""
    return FIGURES["table 5"]["processors"]


@dataclass(frozen=True)
class PublishedPhone:
    """A column of the paper's table 6.

    Attributes:
        phone: its name.
        chip: its processor.
        cores: how many run at how many GHz, the fastest first.
        milliseconds: a face, by model.
    """

    phone: str
    chip: str
    cores: tuple[tuple[int, float], ...]
    milliseconds: dict[str, float]


def published_phones() -> dict[str, PublishedPhone]:
    """The paper's table 6 by processor, such as `kirin-980`."""
    stated = FIGURES["table 6"]
    return {
        row["key"]: PublishedPhone(
            row["phone"],
            row["chip"],
            tuple((count, ghz) for count, ghz in row["cores"]),
            {model: times[row["key"]] for model, times in stated["ms"].items()},
        )
        for row in stated["phones"]
    }


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
        split: _figures(replace(dataset, split=split, strict=False, limit=None), answers, whole.normaliser)
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
        for (model, normaliser), known in row.published.nme.items():
            values = [f"{known[split]:.2f}" if split in known else "-" for split in row.splits]
            table.add_row(f"the paper's {model}, {in_words(normaliser)}", *values)
    out.print(table)
    if row.published is not None:
        print_line(f"the paper's: {PAPER}, {row.published.source}")


def _figures(part: Dataset, answers: Answers, normaliser: str) -> Evaluation | None:
    """The figures of the answered faces that a split lists too; no face is asked about again."""
    try:
        members = Counter(_identity(sample) for sample in part)
    except FileNotFoundError:
        return None
    faces = []
    for face, sample in enumerate(answers.samples):
        # As often as the split lists it: the whole may list it more often.
        if members[_identity(sample)]:
            members[_identity(sample)] -= 1
            faces.append(face)
    return answers.of(faces).score(part.spec, part.split, normaliser) if faces else None


def _identity(sample: FaceSample) -> tuple[Path, bytes]:
    return sample.image, sample.keypoints.tobytes()

"""One model against another on the same faces: the change of the error, whole and by group of keypoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from facekp_train.common.console import out, print_line
from facekp_train.evaluation.metrics import Evaluation, in_words
from facekp_train.evaluation.significance import Interval, paired_change
from facekp_train.landmarks import Doubles
from facekp_train.samples import FaceSample


@dataclass(frozen=True)
class PairedError:
    """Two models' error on the same n faces.

    nme: the measured model's, and `other_nme` the other's, in percent of the normaliser. change: from the
    other's to the measured one's in percent of the other's, with its 95 % interval over photographs; None
    where the other has no error.
    """

    n: int
    nme: float
    other_nme: float
    change: Interval | None

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        change = self.change and self.change._asdict()
        return {"n": self.n, "nme": self.nme, "other_nme": self.other_nme, "change": change}


@dataclass(frozen=True)
class Against:
    """A model against another one, which `model` names: the whole error and that of each group."""

    model: str
    normaliser: str
    whole: PairedError
    groups: dict[str, PairedError]

    def as_json(self) -> dict[str, Any]:
        """Plain data for `against` of `--json`."""
        groups = {name: pair.as_json() for name, pair in self.groups.items()}
        return {"model": self.model, **self.whole.as_json(), "groups": groups}


def paired_against(
    evaluation: Evaluation, other: Evaluation, model: str, samples: Sequence[FaceSample]
) -> Against:
    """The paired change from another model's figures to a model's.

    Args:
        evaluation: the model's.
        other: the other model's.
        model: the other model's name.
        samples: the faces that both were measured on.

    Raises:
        ValueError: where not the same was measured of both.
    """
    one, two = ((e.normaliser, e.points, e.counted.tolist()) for e in (evaluation, other))
    if one != two:
        raise ValueError(
            f"{model} was compared in {other.points} keypoints on {other.n} faces, the model in "
            f"{evaluation.points} on {evaluation.n}: they do not pair; give data that both have the scheme of"
        )
    names = [str(samples[face].image) for face in evaluation.counted]
    images = np.unique(names, return_inverse=True)[1]
    groups = {
        name: paired
        for name, group in evaluation.groups.items()
        if (paired := _paired(group.errors, other.groups[name].errors, images)) is not None
    }
    whole = _paired(evaluation.errors, other.errors, images)
    assert whole is not None, "an evaluation without a face"
    return Against(model, evaluation.normaliser, whole, groups)


def _paired(errors: Doubles, others: Doubles, images: NDArray[np.intp]) -> PairedError | None:
    """None where no face counts."""
    known = np.isfinite(errors)
    if not known.any():
        return None
    mine, theirs = errors[known], others[known]
    change = paired_change(theirs, mine, images[known]).percent if theirs.any() else None
    return PairedError(len(mine), float(mine.mean()), float(theirs.mean()), change)


def print_against(against: Against) -> None:
    """The changes as a table on stdout."""
    print_line(
        f"against {against.model} on the same faces, NME over {in_words(against.normaliser)}; below zero is "
        "better than it"
    )
    table = Table("group")
    for heading in ("faces", "its NME", "NME", "change", "95 % interval"):
        table.add_column(heading, justify="right")
    for name, pair in {"all keypoints": against.whole, **against.groups}.items():
        change = pair.change
        cells = (
            ("-", "-")
            if change is None
            else (f"{change.value:+.1f} %", f"{change.low:+.1f} to {change.high:+.1f} %")
        )
        table.add_row(name, f"{pair.n:,}", f"{pair.other_nme:.2f} %", f"{pair.nme:.2f} %", *cells)
    out.print(table)

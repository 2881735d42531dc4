"""Errors by group of keypoints, and how far each group is shifted in the face's own frame.

A shift that all faces share hides in a mean error; here it stands by itself. numpy only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from facekp_train.common.console import out, print_line
from facekp_train.landmarks import Doubles, Floats
from facekp_train.pose import face_frame


@dataclass(frozen=True)
class GroupErrors:
    """One group of keypoints on F faces; NaN for a face of which none of them counts.

    Attributes:
        errors: float64 [F], mean distance from the truth in percent of the evaluation's normaliser.
        shifts: float64 [F, 2], mean of predicted - truth, right and down in the face's own frame, in
            percent of the eye distance; NaN also where the eyes are not labelled.
    """

    errors: Doubles
    shifts: Doubles

    @property
    def n(self) -> int:
        """Faces that count."""
        return int(np.isfinite(self.errors).sum())

    @property
    def nme(self) -> float | None:
        """Mean over faces in percent of the normaliser; None without a face."""
        return float(np.nanmean(self.errors)) if self.n else None

    @property
    def offset(self) -> tuple[float, float] | None:
        """The faces' median shift, right and down, in percent of the eye distance; None without a face."""
        known = self.shifts[np.isfinite(self.shifts).all(axis=1)]
        if not len(known):
            return None
        right, down = np.median(known, axis=0).tolist()
        return right, down

    def of(self, faces: NDArray[np.bool_]) -> GroupErrors:
        """The same of some of the faces, bool [F]."""
        return GroupErrors(self.errors[faces], self.shifts[faces])

    def as_json(self) -> dict[str, Any]:
        """Plain data for `groups` of `--json`."""
        return {"nme": self.nme, "n": self.n, "offset": self.offset and list(self.offset)}


def group_errors(
    parts: Mapping[str, tuple[int, ...]],
    predicted: Floats,
    truth: Floats,
    visible: NDArray[np.bool_],
    scale: Floats,
    five: Floats | None,
) -> dict[str, GroupErrors]:
    """The errors of each group.

    Args:
        parts: the keypoints of each.
        predicted: [F, N, 2].
        truth: [F, N, 2] in the unit of `predicted`.
        visible: bool [F, N], of the truth.
        scale: [F], what errors are divided by.
        five: [F, 5, 2], the truth's, for the frame; None where nothing implies them.
    """
    moves = np.where(visible[..., None], np.asarray(predicted, np.float64) - truth, np.nan)
    groups = {}
    for name, places in parts.items():
        members = moves[:, list(places)]
        distances = np.linalg.norm(members, axis=2)
        counted = np.isfinite(distances)
        count = np.where(counted.any(axis=1), counted.sum(axis=1), np.nan)
        errors = np.where(counted, distances, 0).sum(axis=1) / count / scale * 100
        mean = np.where(counted[..., None], members, 0).sum(axis=1) / count[:, None]
        groups[name] = GroupErrors(errors, _in_frame(mean, five))
    return groups


def _in_frame(moves: Doubles, five: Floats | None) -> Doubles:
    """Moves [F, 2] in percent of the eye distance along and across the eyes."""
    if five is None:
        return np.full_like(moves, np.nan)
    axes, distance = face_frame(five)
    turned = np.einsum("fc,fac->fa", moves, axes)
    return turned / np.where(distance > 0, distance, np.nan)[:, None] * 100


def groups_as_json(groups: Mapping[str, GroupErrors]) -> dict[str, Any]:
    """Plain data for `groups` of `--json`."""
    return {name: group.as_json() for name, group in groups.items()}


def print_groups(groups: Mapping[str, GroupErrors], over: str) -> None:
    """A row for each group on stdout, nothing without any; `over` is the normaliser in words."""
    if not groups:
        return
    print_line(
        "by group of keypoints; right and down: the faces' median of answer - label in the face's own "
        "frame, % of the eye distance"
    )
    table = Table("group")
    for heading in ("faces", f"NME over {over}", "right", "down"):
        table.add_column(heading, justify="right")
    for name, group in groups.items():
        offset = ("-", "-") if group.offset is None else (f"{share:+.2f} %" for share in group.offset)
        table.add_row(name, f"{group.n:,}", in_percent(group.nme), *offset)
    out.print(table)


def in_percent(nme: float | None) -> str:
    """An NME for a table."""
    return "-" if nme is None else f"{nme:.2f} %"

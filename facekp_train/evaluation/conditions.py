"""Conditions that faces are grouped by: how far one is turned, how large it is, what the lists say of it.

`turn` and `size` follow from the annotated keypoints, of every scheme that implies the five,
`occlusion` from those that the annotator marked hidden; an attribute of the data set's lists, such
as MTFL's pose, is a condition of that name, and where a split's list leaves it out, pose is told
from the keypoints. Imports neither torch nor tensorflow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from facekp_train.common.console import out, print_line
from facekp_train.datasets import Dataset
from facekp_train.datasets.published.mtfl import ATTRIBUTES
from facekp_train.evaluation.groups import GroupErrors, groups_as_json, in_percent
from facekp_train.evaluation.metrics import FAILURE_THRESHOLDS, Evaluation, failure_rate, in_words
from facekp_train.landmarks import implies_five, to_five
from facekp_train.pose import TURN_EDGES, face_frame, signed_turn, turn_of
from facekp_train.samples import FaceSample

UNKNOWN = "unknown"
"""The group of faces of which nothing tells theirs; the last of every condition."""

_TURNS = ("frontal", "half", "profile")
POSE_EDGES = (0.2, 0.45)
"""In eye distances, to either side: where a face is turned for MTFL's pose, and where it is a profile.

Told so, 89 % of MTFL's 10,000 training faces get the pose that people gave them.
"""
_POSES = ATTRIBUTES["pose"]
_SIZE_EDGES = (20.0, 30.0, 40.0, 80.0, 160.0)
# Head angles in degrees, as AFLW's database has them.
_ANGLES = ("roll", "pitch", "yaw")
_ANGLE_EDGES = (15.0, 45.0)
# In percent of a face's labelled keypoints, beyond those of which none is hidden.
_HIDDEN_EDGES = (20.0, 40.0)
# The first faces say which attributes a data set has.
_LOOKED_AT = 100


@dataclass(frozen=True)
class Condition:
    """One way to group faces.

    meaning: how the groups are told apart, for people. group: a face's group, UNKNOWN where nothing
    tells. groups: all groups in the order to show them, UNKNOWN aside; empty where the faces themselves say.
    caveat: what whoever reads the figures must know, as a sentence without its stop.
    """

    name: str
    meaning: str
    group: Callable[[FaceSample], str]
    groups: tuple[str, ...] = ()
    caveat: str = ""

    def ordered(self, members: Sequence[str]) -> list[str]:
        """The groups that occur among `members`, in the order to show them."""
        order = self.groups or tuple(sorted(set(members)))
        groups = [name for name in order if name in members and name != UNKNOWN]
        return [*groups, UNKNOWN] if UNKNOWN in members else groups


def conditions_of(dataset: Dataset) -> dict[str, Condition]:
    """Every condition that a data set's faces can be grouped by; its first faces tell which.

    Raises ValueError where there is no face, and whatever reading the data set raises.
    """
    faces = list(islice(replace(dataset, strict=False), _LOOKED_AT))
    if not faces:
        raise ValueError(f"{dataset.spec} gave no face to group")
    listed = dataset.format.attributes
    by_keypoints = _BY_KEYPOINTS if implies_five(len(faces[0].keypoints)) else ()
    by_flags = (_OCCLUSION,) if any(_hidden(face) > 0 for face in faces) else ()
    attributes = dict.fromkeys(name for face in faces for name in face.attributes)
    stated = [
        _attribute(name, listed.get(name, ()))
        for name in attributes
        if name in _ANGLES or not _is_measured(name, faces)
    ]
    left_out = [_left_out(name, values, dataset) for name, values in listed.items() if name not in attributes]
    return {condition.name: condition for condition in (*by_keypoints, *left_out, *by_flags, *stated)}


def chosen(names: str, known: dict[str, Condition]) -> list[Condition]:
    """The conditions that a comma-separated list names. ValueError naming those that exist."""
    wanted = dict.fromkeys(name.strip() for name in names.split(","))
    for name in wanted:
        if name not in known:
            told = [condition.name for condition in _BY_KEYPOINTS]
            needed = f" ({' and '.join(told)} need a scheme that implies the five)" if name in told else ""
            raise ValueError(f"no condition '{name}'; these faces have {', '.join(known) or 'none'}{needed}")
    return [known[name] for name in wanted]


def _is_measured(name: str, faces: Sequence[FaceSample]) -> bool:
    """Whether an attribute is a number such as a detector's score, which groups nothing."""
    return any(re.fullmatch(r"-?\d+\.\d+", face.attributes.get(name, "")) for face in faces)


def _ranges(edges: Sequence[float], unit: str) -> tuple[str, ...]:
    between = (f"{low:g} to {high:g} {unit}" for low, high in pairwise(edges))
    return (f"below {edges[0]:g} {unit}", *between, f"{edges[-1]:g} {unit} and more")


def _binned(value: float, edges: Sequence[float], groups: Sequence[str]) -> str:
    """The group of a value; an edge belongs to the group above it."""
    return groups[int(np.digitize(value, edges))] if np.isfinite(value) else UNKNOWN


def _turn(face: FaceSample) -> str:
    return _binned(float(turn_of(to_five(face.keypoints))), TURN_EDGES, _TURNS)


def _size(face: FaceSample) -> str:
    return _binned(float(face_frame(to_five(face.keypoints))[1]), _SIZE_EDGES, _SIZES)


def _hidden(face: FaceSample) -> float:
    """Percent of a face's labelled keypoints that are hidden; NaN where none is labelled."""
    labelled = np.isfinite(face.keypoints).all(axis=1)
    return float(100 * (~face.visible[labelled]).mean()) if labelled.any() else float("nan")


def _occlusion(face: FaceSample) -> str:
    hidden = _hidden(face)
    return "none" if hidden == 0 else _binned(hidden, _HIDDEN_EDGES, _OCCLUSIONS[1:])


def _value(name: str, face: FaceSample) -> str:
    return face.attributes.get(name, UNKNOWN)


def _angle(name: str, face: FaceSample) -> str:
    return _binned(abs(float(face.attributes.get(name, "nan"))), _ANGLE_EDGES, _ANGLE_GROUPS)


def _attribute(name: str, values: tuple[str, ...]) -> Condition:
    if name in _ANGLES:
        return Condition(name, f"the head's {name}, to either side", partial(_angle, name), _ANGLE_GROUPS)
    return Condition(name, "as the data set's lists have it", partial(_value, name), values)


def _pose(face: FaceSample) -> str:
    half, profile = POSE_EDGES
    turn = float(signed_turn(to_five(face.keypoints)))
    return _binned(turn, (-profile, -half, half, profile), _POSES)


def _left_out(name: str, values: tuple[str, ...], dataset: Dataset) -> Condition:
    """An attribute that the format's lists tell, but not this split's."""
    missing = f"the list of '{dataset.split}' in {dataset.root} does not tell {name}"
    if values == _POSES:
        caveat = (
            f"{missing}: told from the keypoints, which agrees with people for 89 % of MTFL's training faces"
        )
        return Condition(name, "as the keypoints tell it", _pose, values, caveat)
    return Condition(name, "not told", partial(_value, name), values, f"{missing}: all faces are '{UNKNOWN}'")


_SIZES = _ranges(_SIZE_EDGES, "px")
_OCCLUSIONS = ("none", *_ranges(_HIDDEN_EDGES, "%"))
_OCCLUSION = Condition(
    "occlusion", "the share of the labeled keypoints that are hidden", _occlusion, _OCCLUSIONS
)
_ANGLE_GROUPS = _ranges(_ANGLE_EDGES, "degrees")
_BY_KEYPOINTS = (
    Condition(
        "turn",
        "the nose's distance from the middle of the eyes, along the eye axis, in eye distances: "
        f"frontal below {TURN_EDGES[0]:g}, half below {TURN_EDGES[1]:g}, profile from there on",
        _turn,
        _TURNS,
    ),
    Condition("size", "the eye distance in pixels of the photograph", _size, _SIZES),
)


@dataclass(frozen=True)
class GroupFigures:
    """n faces; NME and median in percent of the evaluation's normaliser, percent of faces above 8 and 10.

    groups: the faces' errors by group of keypoints.
    """

    n: int
    nme: float
    median: float
    failure_rate: dict[str, float]
    groups: dict[str, GroupErrors]

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return asdict(replace(self, groups={})) | {"groups": groups_as_json(self.groups)}


@dataclass(frozen=True)
class ByCondition:
    """The counted faces of an evaluation grouped by one condition.

    members: each face's group, in the order of `Evaluation.errors`. figures: by group, in the
    condition's order; groups without a face are left out, so that their `n` add up to all faces.
    """

    condition: Condition
    members: list[str]
    figures: dict[str, GroupFigures]


def group_by(
    conditions: Sequence[Condition], evaluation: Evaluation, samples: Sequence[FaceSample]
) -> list[ByCondition]:
    """An evaluation's faces by each condition; `samples` are those that it was made of."""
    grouped = []
    for condition in conditions:
        members = [condition.group(samples[face]) for face in evaluation.counted.tolist()]
        places = np.array(members)
        figures = {name: _figures(evaluation, places == name) for name in condition.ordered(members)}
        grouped.append(ByCondition(condition, members, figures))
    return grouped


def by_as_json(grouped: Sequence[ByCondition]) -> dict[str, Any]:
    """Plain data for `by` of `--json`: condition -> group -> figures."""
    return {
        by.condition.name: {name: figures.as_json() for name, figures in by.figures.items()} for by in grouped
    }


def print_by(grouped: Sequence[ByCondition], normaliser: str) -> None:
    """A table for each condition on stdout."""
    over, limit = in_words(normaliser), FAILURE_THRESHOLDS[-1]
    for by in grouped:
        print_line(f"by {by.condition.name}: {by.condition.meaning}")
        table = Table(by.condition.name)
        for heading in ("faces", f"NME over {over}", "median", f"above {limit} %"):
            table.add_column(heading, justify="right")
        for name, figures in by.figures.items():
            percents = (figures.nme, figures.median, figures.failure_rate[f"{limit}"])
            table.add_row(name, f"{figures.n:,}", *(f"{percent:.2f} %" for percent in percents))
        out.print(table)
        if parts := list(next(iter(by.figures.values())).groups):
            print_line(f"the same by group of keypoints, NME over {over}")
            table = Table(by.condition.name)
            for part in parts:
                table.add_column(part, justify="right")
            for name, figures in by.figures.items():
                table.add_row(name, *(in_percent(group.nme) for group in figures.groups.values()))
            out.print(table)


def _figures(evaluation: Evaluation, faces: NDArray[np.bool_]) -> GroupFigures:
    errors = evaluation.errors[faces]
    return GroupFigures(
        n=len(errors),
        nme=float(errors.mean()),
        median=float(np.median(errors)),
        failure_rate={f"{limit}": failure_rate(errors, limit) for limit in FAILURE_THRESHOLDS},
        groups={name: group.of(faces) for name, group in evaluation.groups.items()},
    )

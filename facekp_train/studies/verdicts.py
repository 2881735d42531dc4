"""Whether what the paper says of two methods holds here, by rules that were fixed before the studies ran.

A method is more than one net of it: whatever is said must hold in every run, in Student's interval over
the runs, and in the interval over runs and images together.
"""

from __future__ import annotations

from typing import Literal

from facekp_train.evaluation.significance import RunsChange
from facekp_train.studies.plans import Expectation

CLOSE = 5.0
"""Percent by which an error may rise and still count as close."""

WITHHELD = "withheld: the teacher is not better"


def side(change: RunsChange, edge: float = 0.0) -> Literal["lower", "higher"] | None:
    """On which side of an edge, in percent, a change lies; None where that is not decided.

    All runs and both intervals must lie there; a single run decides nothing.
    """
    if change.over_runs is None:
        return None
    bounds = (*change.over_runs[1:], *change.over_both[1:], *change.runs)
    return "lower" if max(bounds) < edge else "higher" if min(bounds) > edge else None


def verdict(
    expect: Expectation | None, change: RunsChange, steps: int, teacher: RunsChange | None = None
) -> str:
    """What the runs say of a claim.

    Args:
        expect: the paper's claim; None for a question, whose answer is `lower`, `higher` or `not decided`.
        change: of the error.
        steps: of the arm's last training: a cost that is too high may be one of too short a training.
        teacher: the change from the reference to the teacher, where the claim is about being taught.

    Returns:
        `holds`, `does not hold`, `not met at N steps` (a cost above CLOSE), `not decided`, or WITHHELD
        where the teacher's error is not lower.
    """
    if teacher is not None and side(teacher) != "lower":
        return WITHHELD
    if expect is None:
        return side(change) or "not decided"
    if expect == "close":
        where = side(change, CLOSE)
        return {"lower": "holds", "higher": f"not met at {steps:,} steps"}.get(str(where), "not decided")
    where = side(change)
    return "not decided" if where is None else "holds" if where == expect else "does not hold"

"""Studies that train in seconds on faces of colored discs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from facekp_train.studies.cells import CellPlan
from facekp_train.studies.faces import FaceFolds
from facekp_train.studies.methods import Spending
from tests.support.models.quick_fits import PRECISION

TINY = Spending(
    name="tiny",
    recipe="modern",
    settings={
        "size": 64, "batch": 8, "imagenet": False, "hidden": 16, "heatmap_width": 8,
        "widths": (*(16,) * 15, 48),  # so that the least of the rates removes something
        "precision": PRECISION, "learning_rate": 0.005, "ema": 0.9,
    },
    epochs=4,
    stage=0.5,
    stage_settings={"learning_rate": 0.003},
    limit=None,
    deep=True,
    resnet={"widths": (8,) * 32, "channels": (8, 32, 32, 32, 32)},
    resnet_folds=1,
    teacher={"hidden": 32},
    pieces=2,
)  # fmt: skip


def plan_of(
    discs: Path,
    work: Path,
    spending: Spending = TINY,
    *settings: str,
    teacher: Path | None = None,
    **options: Any,
) -> CellPlan:
    source = replace(FaceFolds((f"mtfl:{discs}",), None, 2, None, 0), **options)
    faces = source.load()
    return CellPlan(spending, source, faces.fingerprint(), faces.points, settings, "cpu", work, teacher)

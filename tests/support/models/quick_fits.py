"""Recipes that train in seconds on faces of coloured discs."""

from __future__ import annotations

from pathlib import Path

from facekp_train.crop import CropRule
from facekp_train.training.recipe import Recipe, make_recipe

RULE = CropRule(size=64)
QUICK = [
    "size=64", "batch=8", "imagenet=false", "widths=" + str([8] * 16), "hidden=16", "heatmap_width=8",
    "precision=32-true", "learning_rate=0.005", "ema=0.9",
]  # fmt: skip


def quick(discs: Path, epochs: int, *settings: str) -> Recipe:
    options = {"data": [f"mtfl:{discs}"], "points": 5, "epochs": epochs}
    return make_recipe("modern", options, [*QUICK, *settings])

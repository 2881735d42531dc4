"""Runs `facekp-train` as a test does, on photographs that it makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facekp_train.cli import app
from facekp_train.common.console import run


def command(*words: str | Path) -> int:
    """Run `facekp-train` in this process; its exit code."""
    with pytest.raises(SystemExit) as ended:
        run(app, [str(word) for word in words])
    return int(ended.value.code or 0)


def ring(points: int) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, points, endpoint=False)
    return np.column_stack([60 + 30 * np.cos(turn), 50 + 30 * np.sin(turn)])


def annotated(folder: Path, name: str, points: int = 68, middle: float = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f"{name}.png"), np.full((100, 120, 3), 80, np.uint8))
    rows = "\n".join(f"{x + 1 + middle} {y + 1}" for x, y in ring(points).tolist())
    (folder / f"{name}.pts").write_text(f"version: 1\nn_points: {points}\n{{\n{rows}\n}}\n")


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The one JSON document on stdout."""
    return json.loads(capsys.readouterr().out)

"""The app's screens on real Android code: what they look like, and what they say."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.android.screens.app import SCREENS, App
from tests.android.screens.pictures import write_pictures

pytestmark = [pytest.mark.app, pytest.mark.slow]

_MOST_DIFFERING = 0.01
_LEVELS = 16
"""Of 255, from which a pixel counts as another one: fonts are not drawn alike by every processor."""


def test_screens_are_those_of_the_guide(app: App, tmp_path: Path) -> None:
    assert "OK (" in app.run("ScreensTest", **{"facekp.shots": tmp_path})
    names = sorted(path.name for path in tmp_path.glob("*.png"))
    assert names == sorted(path.name for path in SCREENS.glob("*.png"))
    shares = {name: differing(SCREENS / name, tmp_path / name) for name in names}
    changed = {name: round(share, 4) for name, share in shares.items() if share > _MOST_DIFFERING}
    assert changed == {}, "make app-screens, and look at them"


def test_pictures_that_people_pick(app: App, tmp_path: Path) -> None:
    write_pictures(tmp_path)
    assert "OK (" in app.run("PhotoTest", "PhotoOn34Test", **{"facekp.pictures": tmp_path})


def test_models_and_saving(app: App) -> None:
    tests = ("ModelTest", "ModelOn34Test", "ModelOn24Test", "PointsTest", "SavingTest", "OrderTest")
    assert "OK (" in app.run(*tests)


def test_cameras(app: App) -> None:
    assert "OK (" in app.run(
        "camera.CameraTest", "camera.CameraOn34Test", "camera.CameraEndTest", "camera.PlacementTest"
    )


def differing(one: Path, other: Path) -> float:
    """The share of pixels that differ; 1 where the sizes do."""
    first, second = (cv2.imread(str(path)).astype(int) for path in (one, other))
    if first.shape != second.shape:
        return 1.0
    return float((np.abs(first - second).max(axis=2) >= _LEVELS).mean())


def test_a_changed_screen_is_noticed(tmp_path: Path) -> None:
    shot = cv2.imread(str(next(SCREENS.glob("photo-*.png"))))
    assert shot is not None
    shot[100:160, 100:200] = 0
    cv2.imwrite(str(tmp_path / "changed.png"), shot)
    assert differing(next(SCREENS.glob("photo-*.png")), tmp_path / "changed.png") > _MOST_DIFFERING

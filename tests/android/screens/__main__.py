"""`python -m tests.android.screens`: write the guide's screens anew."""

from __future__ import annotations

from android_bench.app.build import build_apk, checkout
from android_bench.app.parts import Parts
from tests.android.screens.app import SCREENS, App
from tests.support.places import ROOT

build_apk(checkout(), Parts(), ROOT / "build")
SCREENS.mkdir(exist_ok=True)
for _path in SCREENS.glob("*.png"):
    _path.unlink()
App().run("ScreensTest", **{"facekp.shots": SCREENS})

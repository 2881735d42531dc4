"""Where things lie: the checkout, the shipped models, the demo photo, the real face data."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout."""
TESTS = ROOT / "tests"
SUPPORT = TESTS / "support"
MODELS = ROOT / "models"
NATIVE = ROOT / "android_bench" / "native"
DEMO_PHOTO = ROOT / "facekp_export" / "demo" / "astronaut.png"
SHARED_DATA = Path(os.environ.get("FACEKP_DATA", ROOT.parent / "shared" / "data"))
"""Real annotated faces, which a fresh clone does not have."""
LABELLERS = Path(os.environ["FACEKP_LABELLERS"]) if "FACEKP_LABELLERS" in os.environ else None
"""The files of other labellers (docs/guides/compress.md), which a fresh clone does not have."""

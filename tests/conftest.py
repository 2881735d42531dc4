"""What the tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure.
settings.register_profile("facekp", deadline=None)
settings.load_profile("facekp")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real face data, which a fresh clone does not have."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("FACEKP_DATA", beside))
    if not (folder / "mtfl").is_dir():
        pytest.skip("needs the real face data: name its folder in FACEKP_DATA")
    return folder

"""The rig as fixtures. A test that takes one carries the mark `adb`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rig.errors import NoRigHereError
from tests.rig.rig import Rig, obstacle


@pytest.fixture(scope="session")
def rig() -> Iterator[Rig]:
    """A Snapdragon 855 that a whole session shares: leave it as it was found."""
    with _raised() as raised:
        yield raised


@pytest.fixture
def fresh_rig() -> Iterator[Rig]:
    """A Snapdragon 855 with 64 MB of storage that the test may break."""
    with _raised(data_mb=64) as raised:
        yield raised


def _raised(data_mb: int = 512) -> Rig:
    if reason := obstacle():
        pytest.skip(reason)
    try:
        return Rig(data_mb=data_mb)
    except NoRigHereError as error:
        pytest.skip(f"no rig can stand here: {error}")

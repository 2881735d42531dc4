"""The Kotlin library meets what Python computes, on this machine's JVM."""

from __future__ import annotations

import pytest

from tests.android.library import jvm

pytestmark = [pytest.mark.app, pytest.mark.slow]


@pytest.mark.parametrize("name", ["ParityTest", "TrackTest", "GeometryTest", "FrameTest"])
def test_on_the_jvm(library: jvm.Library, name: str) -> None:
    assert "OK (" in library.run(name)

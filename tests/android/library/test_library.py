"""The Kotlin library meets what Python computes, on this machine's JVM."""

from __future__ import annotations

import pytest

from facekp_train.common.console import UserError
from tests.android.library import jvm

pytestmark = [pytest.mark.app, pytest.mark.slow]


@pytest.fixture(scope="module")
def library() -> jvm.Library:
    if reason := jvm.missing():
        pytest.skip(reason)
    try:
        return jvm.Library()
    except UserError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", ["ParityTest", "TrackTest", "GeometryTest", "FrameTest"])
def test_on_the_jvm(library: jvm.Library, name: str) -> None:
    assert "OK (" in library.run(name)

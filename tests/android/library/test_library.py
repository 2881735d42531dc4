"""The Kotlin library meets what Python computes, on this machine's JVM."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.android import jvm

pytestmark = [pytest.mark.app, pytest.mark.slow]


@pytest.mark.parametrize(
    "name", ["ParityTest", "HostileTest", "DamagedNetTest", "TrackTest", "GeometryTest", "FrameTest"]
)
def test_on_the_jvm(library: jvm.Library, name: str) -> None:
    assert "OK (" in library.run(name)


@pytest.mark.parametrize("name", ["ParityTest", "HostileTest", "TrackTest"])
def test_the_code_out_of_the_apk_does_so_too(library: jvm.Library, out_of_dex: Path, name: str) -> None:
    assert "OK (" in library.on(out_of_dex).run(name)


def test_java_calls_it(library: jvm.Library, tmp_path: Path) -> None:
    library.compile_java(Path(__file__).with_name("java") / "Caller.java", tmp_path)

"""The Kotlin library meets what Python computes, on this machine's JVM."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from facekp_export.publishing.android import export_android
from facekp_train.common.console import UserError
from tests.android import jvm
from tests.support.places import MODELS

pytestmark = [pytest.mark.app, pytest.mark.slow]


@pytest.mark.parametrize("name", ["ParityTest", "TrackTest", "GeometryTest", "FrameTest"])
def test_on_the_jvm(library: jvm.Library, name: str) -> None:
    assert "OK (" in library.run(name)


def test_the_exported_example_compiles(library: jvm.Library, tmp_path: Path) -> None:
    shutil.copytree(MODELS / "mdp-0.25x", tmp_path / "a")
    try:
        export_android(tmp_path / "a")
    except UserError as error:
        pytest.skip(str(error))
    example = tmp_path / "example"
    example.mkdir()
    shutil.copy(tmp_path / "a/android/Example.kt", example)
    library.compile_example(example)


def test_java_calls_it(library: jvm.Library, tmp_path: Path) -> None:
    library.compile_java(Path(__file__).with_name("java") / "Caller.java", tmp_path)

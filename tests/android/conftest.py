"""The APK as `make apk` builds it. What takes it carries the mark `app`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from android_bench.app.build import build_apk, checkout
from android_bench.app.parts import Parts
from facekp_train.common.console import UserError
from tests.support.places import ROOT


@pytest.fixture(scope="session")
def parts() -> Parts:
    """The build's parts, where this computer can build at all."""
    for tool, package in (
        ("javac", "openjdk-17-jdk-headless"),
        ("aapt2", "aapt"),
        ("apksigner", "apksigner"),
    ):
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}: apt-get install {package}")
    parts = Parts()
    try:
        parts.archive("android")
        parts.archive("r8")
    except UserError as error:
        pytest.skip(f"needs the app's parts: {error}")
    return parts


@pytest.fixture(scope="session")
def apk(parts: Parts) -> Path:
    """build/facekp-sample.apk, brought up to date."""
    return build_apk(checkout(), parts, ROOT / "build")

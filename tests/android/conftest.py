"""The APK as `make apk` builds it. What takes it carries the mark `app`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from android_bench.app.build import build_apk, checkout
from android_bench.app.parts import Parts
from facekp_train.common.console import UserError
from tests.android import jars
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


@pytest.fixture(scope="session")
def out_of_dex(apk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library's and the sample's classes as they are in the APK, turned back into what a JVM runs."""
    try:
        translator = jars.PARTS.archive("enjarify-adapter")
    except UserError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("dex")
    with zipfile.ZipFile(apk) as archive:
        archive.extract("classes.dex", folder)
    command = [sys.executable, Path(__file__).with_name("dex_to_jar.py"), "classes.dex", "classes.jar"]
    environment = {**os.environ, "PYTHONPATH": str(translator)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert " 0 classes had errors" in done.stdout, done.stdout + done.stderr
    return folder / "classes.jar"

"""The APK itself: what a phone's installer and loader will ask of it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from android_bench.app.aar import build_aar
from android_bench.app.assets import bundled_models
from android_bench.app.build import build_apk, checkout
from android_bench.app.packing import LIBRARY_ALIGNMENT, STORED, data_offsets
from android_bench.app.parts import ABIS, Parts
from tests.android.apk.dex import types
from tests.support.places import ROOT

pytestmark = pytest.mark.app

# Annotations and what D8 keeps of debug information: nothing that runs needs them.
_ANNOTATIONS = (
    "Lorg/checkerframework/",
    "Lcom/google/auto/value/",
    "Ljavax/annotation/",
    "Ldalvik/annotation/",
)


def _said(*command: str | Path) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_signed_for_android_7_and_later(apk: Path) -> None:
    said = _said("apksigner", "verify", "-v", "--min-sdk-version", "24", apk)
    assert re.findall(r"(v\d) scheme .*: true", said) == ["v2", "v3"]


def test_what_it_says_of_itself(apk: Path) -> None:
    said = _said("aapt2", "dump", "badging", apk)
    assert "sdkVersion:'24'" in said and "targetSdkVersion:'35'" in said
    assert re.findall(r"uses-permission: name='(.*?)'", said) == ["android.permission.CAMERA"]
    assert "uses-feature-not-required: name='android.hardware.camera'" in said
    assert "uses-feature: name='android.hardware.camera'" not in said
    assert "launchable-activity: name='org.facekp.sample.MainActivity'" in said
    assert "application-debuggable" not in said
    assert re.findall(r"'([^']+)'", said.partition("native-code:")[2].splitlines()[0]) == list(ABIS)


def test_gpu_libraries_are_declared_and_not_required(apk: Path) -> None:
    said = _said("aapt2", "dump", "xmltree", apk, "--file", "AndroidManifest.xml")
    for name in ("libOpenCL.so", "libOpenCL-car.so", "libOpenCL-pixel.so"):
        assert re.search(rf'uses-native-library.*\n.*"{re.escape(name)}".*\n.*required.*=false', said)


def test_other_apps_reach_the_first_screen_alone(apk: Path) -> None:
    said = _said("aapt2", "dump", "xmltree", apk, "--file", "AndroidManifest.xml")
    parts = re.findall(r':name\S*="(\.\w[\w.]*)".*\n.*:exported\S*=(\w+)', said)
    assert {name for name, exported in parts if exported == "true"} == {".MainActivity"}
    assert {".camera.CameraActivity", ".ModelActivity", ".SharedPictures"} <= {name for name, _ in parts}
    # A picture may be shared with it, and it hands one out by a grant of its own.
    assert "android.intent.action.SEND" in said and "grantUriPermissions" in said


def test_what_is_mapped_is_stored_and_aligned(apk: Path) -> None:
    offsets = data_offsets(apk)
    with zipfile.ZipFile(apk) as archive:
        entries = archive.infolist()
    assert {entry.filename.split("/")[1] for entry in entries if entry.filename.endswith(".so")} == set(ABIS)
    for entry in entries:
        if entry.filename.endswith(STORED):
            assert entry.compress_type == zipfile.ZIP_STORED, entry.filename
            alignment = LIBRARY_ALIGNMENT if entry.filename.endswith(".so") else 4
            assert offsets[entry.filename] % alignment == 0, entry.filename


def test_the_models_are_those_of_the_list(apk: Path) -> None:
    with zipfile.ZipFile(apk) as archive:
        document = json.loads(archive.read("assets/facekp/models.json"))
        for model in document["models"]:
            content = archive.read(f"assets/{model['asset']}")
            assert hashlib.sha256(content).hexdigest() == model["sha256"]
    assert document["default"] == f"facekp/{bundled_models().default}"


def test_androids_own_verifier_takes_the_dex(apk: Path, tmp_path: Path) -> None:
    if shutil.which("dexdump") is None:
        pytest.skip("needs dexdump: apt-get install dexdump")
    with zipfile.ZipFile(apk) as archive:
        for name in ("classes.dex", "classes2.dex"):
            _said("dexdump", archive.extract(name, tmp_path))
            damaged = bytearray((tmp_path / name).read_bytes())
            damaged[200] ^= 1
            (tmp_path / name).write_bytes(damaged)
            assert (
                subprocess.run(["dexdump", tmp_path / name], capture_output=True, check=False).returncode != 0
            )


def test_every_class_that_the_dex_names_is_there(apk: Path, parts: Parts) -> None:
    named, defined = set(), set()
    with zipfile.ZipFile(apk) as archive:
        for name in ("classes.dex", "classes2.dex"):
            of_it, own = types(archive.read(name))
            named |= of_it
            defined |= own
    with zipfile.ZipFile(parts.archive("android")) as jar:
        defined |= {f"L{name.removesuffix('.class')};" for name in jar.namelist() if name.endswith(".class")}
    plain = {name.lstrip("[") for name in named}
    classes = {name for name in plain if name.startswith("L") and not name.startswith("Ljava/")}
    assert {name for name in classes - defined if not name.startswith(_ANNOTATIONS)} == set()


def test_an_unchanged_build_takes_under_two_seconds(apk: Path, parts: Parts) -> None:
    started = time.monotonic()
    build_apk(checkout(), parts, ROOT / "build")
    assert time.monotonic() - started < 2


@pytest.mark.slow
def test_a_build_from_scratch_is_bit_for_bit_the_same(apk: Path, parts: Parts, tmp_path: Path) -> None:
    other = build_apk(checkout(), parts, tmp_path)
    assert other.read_bytes() == apk.read_bytes()
    assert [path.name for path in tmp_path.rglob("*.apk")] == [apk.name]
    first, second = (_handed_out(build_aar(checkout(), parts, folder)) for folder in (apk.parent, tmp_path))
    assert first == second and len(first) == 17


def _handed_out(aar: Path) -> dict[str, bytes]:
    """The AAR, and the Maven repository beside it."""
    root = aar.parent / "maven"
    files = [path for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(aar.parent).as_posix(): path.read_bytes() for path in [aar, *files]}

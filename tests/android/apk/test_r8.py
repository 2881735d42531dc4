"""The same app by R8, as apps in a store are built, by the rules that the library hands out; not shipped."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from android_bench.app.aar import build_aar
from android_bench.app.build import ENGINES, MIN_SDK, TARGET_SDK, checkout
from android_bench.app.parts import LIBRARIES, Parts
from android_bench.app.steps import Workshop, digest
from android_bench.app.tools import java, jdk, program, run
from tests.android import jvm
from tests.android.apk.dex import natives, types
from tests.android.engine.elf import read_library
from tests.support.places import ROOT

pytestmark = [pytest.mark.app, pytest.mark.slow]

_BUILT = ROOT / "build" / "app"
_MANIFEST = _BUILT / "resources" / "AndroidManifest.xml"
_KOTLIN = ("kotlin-stdlib", "annotations")
"""What an app gets with Kotlin."""
_NAME = "{http://schemas.android.com/apk/res/android}name"


@pytest.fixture(scope="module")
def shrunk(apk: Path, parts: Parts) -> Path:
    """R8's classes.dex."""
    with zipfile.ZipFile(build_aar(checkout(), parts, ROOT / "build")) as archive:
        rules = archive.read("proguard.txt")
    code = [_BUILT / "library.jar", _BUILT / "sample.jar", _BUILT / "constants"]
    inputs = [*code, _BUILT / "classes", _BUILT / "resources", _MANIFEST, Path(__file__)]

    def make(folder: Path) -> None:
        folder.mkdir()
        (folder / "rules.txt").write_bytes(rules)
        screens = folder / "screens.txt"  # the manifest's classes, as aapt2 tells R8 of them
        run(
            "aapt2", program("aapt2"), "link", "--warn-manifest-validation",
            "-I", _BUILT / "framework.zip", "--manifest", _MANIFEST, "-o", folder / "base.zip",
            "--proguard", screens, "--min-sdk-version", str(MIN_SDK), "--target-sdk-version", str(TARGET_SDK),
            _BUILT / "resources" / "compiled.zip",
        )  # fmt: skip
        java(
            [parts.archive("r8")], "com.android.tools.r8.R8", "--release", "--min-api", str(MIN_SDK),
            "--lib", jdk(), "--lib", parts.archive("android"), "--pg-conf", folder / "rules.txt",
            "--pg-conf", screens, "--output", folder, *code[:2], *sorted(code[2].rglob("*.class")),
            *(_BUILT / "classes" / f"{name}.jar" for name in LIBRARIES),
            *(parts.archive(name) for name in _KOTLIN),
        )  # fmt: skip

    return Workshop(jvm.BUILD).made("r8", [rules.decode(), digest(*inputs)], make).path / "classes.dex"


@pytest.fixture(scope="module")
def dump(shrunk: Path) -> str:
    """What Android's own verifier says of it."""
    if shutil.which("dexdump") is None:
        pytest.skip("needs dexdump: apt-get install dexdump")
    done = subprocess.run(["dexdump", shrunk], capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_one_small_dex(apk: Path, shrunk: Path) -> None:
    assert [path.name for path in shrunk.parent.glob("*.dex")] == ["classes.dex"]
    with zipfile.ZipFile(apk) as archive:
        plain = sum(entry.file_size for entry in archive.infolist() if entry.filename.endswith(".dex"))
    print(f"R8: {shrunk.stat().st_size} bytes of dex, D8: {plain}")
    assert shrunk.stat().st_size < plain / 4


def test_the_manifests_classes_keep_their_names(shrunk: Path) -> None:
    entries = [
        entry for kind in ("activity", "instrumentation") for entry in ElementTree.parse(_MANIFEST).iter(kind)
    ]
    names = {f"Lorg/facekp/sample/{entry.get(_NAME, '').lstrip('.').replace('.', '/')};" for entry in entries}
    assert len(names) > 3 and names <= types(shrunk.read_bytes())[1]


def test_every_native_method_keeps_the_name_of_its_function(apk: Path, dump: str) -> None:
    exports = set()
    with zipfile.ZipFile(apk) as archive:
        for name in ENGINES.values():
            exports |= read_library(archive.read(f"lib/arm64-v8a/{name}")).exports
    wanted = natives(dump)
    assert len(wanted) > 20
    for owner, method in wanted:
        mangled = f"Java_{owner.replace('_', '_1').replace('/', '_')}_{method.replace('_', '_1')}"
        assert any(export.partition("__")[0] == mangled for export in exports), mangled

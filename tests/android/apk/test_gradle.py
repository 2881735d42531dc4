"""Gradle's files, which no Gradle has read here: Kotlin's own parser takes them."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from android_bench.app.parts import COMPILER, LIBRARIES, Parts
from tests.support.files.doc_pages import DOCS, blocks
from tests.support.places import ROOT

pytestmark = pytest.mark.app

_APP = ROOT / "android_bench" / "app"
_LIBRARY = ROOT / "facekp_export" / "android"
_BROKEN = "android {\n    compileSdk = = 36\n}\n"
_UNCLOSED = "android {\n    defaultConfig {\n        minSdk = 24\n    }\n"


def _scripts() -> dict[str, str]:
    files = [*_APP.rglob("*.gradle.kts"), _LIBRARY / "build.gradle.kts"]
    found = {path.relative_to(ROOT).as_posix(): path.read_text() for path in files}
    guide = [block for block in blocks(DOCS / "guides" / "app.md") if block.language == "kotlin"]
    return found | {str(block): block.text for block in guide if not block.text.startswith("package ")}


def _namespace(parts: Parts, name: str) -> str | None:
    """Of an AAR."""
    with zipfile.ZipFile(parts.archive(name)) as archive:
        return ElementTree.fromstring(archive.read("AndroidManifest.xml")).get("package")


def test_namespaces_that_aars_share_are_allowed(parts: Parts) -> None:
    spaces = [_namespace(parts, name) for name in LIBRARIES]
    shared = len(set(spaces)) < len(spaces)
    allowed = "android.uniquePackageNames=false"
    for file in (_APP / "gradle.properties", _LIBRARY / "README.md", DOCS / "guides" / "app.md"):
        assert (allowed in file.read_text()) == shared, (file, spaces)


def test_kotlins_parser_takes_the_scripts(parts: Parts, tmp_path: Path) -> None:
    scripts = _scripts()
    assert len(scripts) >= 6
    named = {**scripts, "broken": _BROKEN, "unclosed": _UNCLOSED}
    for number, text in enumerate(named.values()):
        # A script's lines are a function's, to the parser; what its names mean, Gradle alone knows.
        (tmp_path / f"{number}.kt").write_text(f"fun script{number}() {{\n{text}\n}}\n")
    jars = [str(parts.archive(name)) for name in COMPILER]
    command = ["java", "-Xmx1g", "-XX:TieredStopAtLevel=1", "-cp", os.pathsep.join(jars)]
    command += ["org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-no-stdlib", "-no-reflect", "-d"]
    done = subprocess.run(
        [*command, str(tmp_path / "out"), *map(str, sorted(tmp_path.glob("*.kt")))],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    wrong = re.findall(r"/(\d+)\.kt:\d+:\d+: error: syntax error", done.stderr)
    assert {list(named)[int(number)] for number in wrong} == {"broken", "unclosed"}, done.stderr

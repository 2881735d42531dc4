"""The library as other apps take it: what the AAR and the Maven repository hold, and the guide's callers."""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from android_bench.app.aar import project_version
from android_bench.app.build import OLDEST_KOTLIN
from android_bench.app.parts import LIBRARIES, load_parts
from facekp_export.publishing.android import export_android
from facekp_train.common.console import UserError
from facekp_train.common.downloads.maven import artifact_path
from tests.android import jvm
from tests.support.files.doc_pages import DOCS, blocks
from tests.support.places import MODELS, ROOT

pytestmark = [pytest.mark.app, pytest.mark.slow]

_SOURCES = ROOT / "facekp_export" / "android"
_VERSION = project_version(ROOT)
_POM = "{http://maven.apache.org/POM/4.0.0}"


def _guide(language: str) -> list[str]:
    return [block.text for block in blocks(DOCS / "guides" / "app.md") if block.language == language]


def test_what_the_aar_holds(library: jvm.Library) -> None:
    with zipfile.ZipFile(library.aar) as archive:
        names = set(archive.namelist())
        assert {"AndroidManifest.xml", "classes.jar", "R.txt", "proguard.txt", "LICENSE"} < names
        assert archive.read("proguard.txt") == (_SOURCES / "facekp" / "consumer-rules.pro").read_bytes()
        manifest = ElementTree.fromstring(archive.read("AndroidManifest.xml"))
        nets = {name for name in names if name.startswith("assets/")}
    android = "{http://schemas.android.com/apk/res/android}"
    assert manifest.get("package") == "org.facekp"
    (sdk,) = manifest.iter("uses-sdk")
    assert sdk.get(f"{android}minSdkVersion") == "24"
    assert len(list(manifest.iter("uses-native-library"))) == 3
    # What FaceFinder opens.
    code = (_SOURCES / "facekp/src/main/kotlin/org/facekp/BlazeFace.kt").read_text()
    assert nets == {f"assets/facekp/{name}" for name in re.findall(r"face_detection_\w+\.tflite", code)}


def test_older_compilers_read_the_classes(library: jvm.Library) -> None:
    with zipfile.ZipFile(jvm.BUILT / "library.jar") as archive:
        module = archive.read("META-INF/facekp.kotlin_module")
    major, minor = struct.unpack_from(">II", module, 4)
    assert [major, minor] == [int(number) for number in OLDEST_KOTLIN.split(".")[:2]]


def test_the_repository_is_one_of_mavens(library: jvm.Library) -> None:
    root = library.aar.parent / "maven"
    place = root / artifact_path("org.facekp:facekp", _VERSION, f"facekp-{_VERSION}.aar")
    assert place.read_bytes() == library.aar.read_bytes()
    metadata = ElementTree.parse(place.parents[1] / "maven-metadata.xml").getroot()
    assert [version.text for version in metadata.iter("version")] == [_VERSION]
    files = [path for path in root.rglob("*") if path.is_file()]
    plain = [path for path in files if path.suffix not in (".md5", ".sha1", ".sha256")]
    assert len(plain) == 4 and len(files) == 4 * len(plain)
    for path in plain:
        for kind in ("md5", "sha1", "sha256"):
            told = path.with_name(f"{path.name}.{kind}").read_text()
            assert told == hashlib.new(kind, path.read_bytes()).hexdigest()
    with zipfile.ZipFile(place.with_name(f"facekp-{_VERSION}-sources.jar")) as archive:
        assert archive.read("org/facekp/FaceFinder.kt")


_TAKER = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>org.example</groupId>
  <artifactId>taker</artifactId>
  <version>1</version>
  <repositories><repository><id>facekp</id><url>URL</url></repository></repositories>
  <dependencies>
    <dependency><groupId>org.facekp</groupId><artifactId>facekp</artifactId>
      <version>{_VERSION}</version><type>aar</type></dependency>
  </dependencies>
</project>
"""


def test_a_real_maven_takes_it(library: jvm.Library, tmp_path: Path) -> None:
    if shutil.which("mvn") is None:
        pytest.skip("needs Maven: apt-get install maven")
    root, kept = library.aar.parent / "maven", jvm.BUILD / "maven"
    shutil.rmtree(kept / "org" / "facekp", ignore_errors=True)
    (tmp_path / "pom.xml").write_text(_TAKER.replace("URL", root.as_uri()))
    command = ["mvn", "-B", f"-Dmaven.repo.local={kept}", f"-DoutputDirectory={tmp_path / 'taken'}"]
    done = subprocess.run(
        [*command, "dependency:copy-dependencies"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=800,
    )  # fmt: skip
    if "or one of its dependencies could not be resolved" in done.stdout:
        pytest.skip("Maven's own plugin cannot be had here")
    assert "BUILD SUCCESS" in done.stdout, done.stdout[-2000:]
    taken = {path.name for path in (tmp_path / "taken").iterdir()}
    aars = {f"{name}-{load_parts()[name].version}.aar" for name in LIBRARIES}
    assert taken >= {f"facekp-{_VERSION}.aar", f"kotlin-stdlib-{OLDEST_KOTLIN}.jar", *aars}


def test_the_pom_asks_for_what_the_gradle_module_asks_for(library: jvm.Library) -> None:
    path = artifact_path("org.facekp:facekp", _VERSION, f"facekp-{_VERSION}.pom")
    pom = ElementTree.parse(library.aar.parent / "maven" / path).getroot()
    asked = {
        tuple(entry.findtext(_POM + tag) for tag in ("groupId", "artifactId", "version", "type")): (
            entry.findtext(f"{_POM}scope")
        )
        for entry in pom.iter(f"{_POM}dependency")
    }
    gradle = (_SOURCES / "build.gradle.kts").read_text()
    wanted = {
        (*package.split(":"), "aar"): "compile" if word == "api" else "runtime"
        for word, package in re.findall(r'(api|implementation)\("(org\.tensorflow:[\w.:-]+)"\)', gradle)
    }
    api = ("org.tensorflow", "tensorflow-lite-api", "2.16.1", "aar")  # which Gradle takes by itself
    stdlib = ("org.jetbrains.kotlin", "kotlin-stdlib", OLDEST_KOTLIN, "jar")
    assert asked == wanted | {api: "compile", stdlib: "compile"}
    for _, name, version, kind in asked:
        assert kind == "jar" or load_parts()[str(name)].version == version


def test_the_guide_takes_it_from_there(library: jvm.Library) -> None:
    assert any(f'implementation("org.facekp:facekp:{_VERSION}")' in text for text in _guide("kotlin"))


def test_the_guides_callers_compile(library: jvm.Library, tmp_path: Path) -> None:
    shutil.copytree(MODELS / "mdp-0.25x", tmp_path / "a")
    try:
        export_android(tmp_path / "a")
    except UserError as error:
        pytest.skip(str(error))
    exported = tmp_path / "a" / "android" / "Example.kt"
    assert exported.read_text().strip() in _guide("kotlin"), "docs/guides/app.md shows another example"
    (tmp_path / "example").mkdir()
    shutil.copy(exported, tmp_path / "example")
    library.compile_example(tmp_path / "example")
    (java,) = _guide("java")
    (tmp_path / "Example.java").write_text(java)
    library.compile_java(tmp_path / "Example.java", tmp_path)


def test_a_caller_of_what_is_not_there_does_not_compile(library: jvm.Library, tmp_path: Path) -> None:
    (java,) = _guide("java")
    (tmp_path / "Example.java").write_text(java.replace("FaceFinder.thorough", "FaceFinder.slow"))
    with pytest.raises(AssertionError, match="cannot find symbol"):
        library.compile_java(tmp_path / "Example.java", tmp_path)

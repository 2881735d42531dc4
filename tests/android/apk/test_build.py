"""The build's own parts, without a JDK: archives, steps, tables, and what it says of missing things."""

from __future__ import annotations

import re
import struct
import sys
import zipfile
from pathlib import Path
from threading import Event, Thread

import pytest

from android_bench.app import __main__ as command
from android_bench.app import assets as app_assets
from android_bench.app.build import APK, MIN_SDK, PACKAGE, TARGET_SDK, build_apk, checkout, refuse_unexpected
from android_bench.app.framework import plain_table
from android_bench.app.packing import data_offsets, write_apk
from android_bench.app.parts import Parts, load_parts
from android_bench.app.steps import Workshop
from android_bench.app.tools import jdk, program
from android_bench.phone.runner import app
from facekp_train.common.console import UserError
from facekp_train.common.downloads import downloads, maven
from facekp_train.common.downloads.downloads import fetch
from tests.support.places import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pyright: ignore[reportMissingImports]

APP = ROOT / "android_bench" / "app"


def test_entries_of_the_archive_are_stored_and_aligned(tmp_path: Path) -> None:
    files = {
        "classes.dex": b"d" * 100,
        "lib/x/a.so": b"s",
        "assets/m.tflite": b"m",
        "AndroidManifest.xml": b"x",
    }
    write_apk(tmp_path / "a", files)
    write_apk(tmp_path / "b", dict(reversed(files.items())))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    offsets = data_offsets(tmp_path / "a")
    assert offsets["lib/x/a.so"] % 16384 == 0 and offsets["assets/m.tflite"] % 4 == 0
    with zipfile.ZipFile(tmp_path / "a") as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == "AndroidManifest.xml"


def test_a_step_is_made_again_when_what_went_in_changed(tmp_path: Path) -> None:
    shop, made = Workshop(tmp_path), []

    def make(target: Path) -> None:
        made.append(target)
        target.write_text(str(len(made)))

    assert [shop.made("x", [key], make).path.read_text() for key in "aab"] == ["1", "1", "2"]


def test_a_step_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(target: Path) -> None:
        target.write_text("half")
        raise UserError("no")

    with pytest.raises(UserError):
        Workshop(tmp_path).made("x", [], fail)
    assert list(tmp_path.iterdir()) == []


def test_a_step_is_made_once_by_two_builds_at_once(tmp_path: Path) -> None:
    begun, go_on, made = Event(), Event(), []

    def make(target: Path) -> None:
        begun.set()
        go_on.wait(20)
        made.append(target)
        target.write_text("whole")

    builds = [Thread(target=Workshop(tmp_path).made, args=("x", ["a"], make)) for _ in range(2)]
    builds[0].start()
    assert begun.wait(20)
    builds[1].start()
    builds[1].join(0.3)
    assert builds[1].is_alive()
    go_on.set()
    for build in builds:
        build.join(20)
    assert len(made) == 1 and (tmp_path / "x").read_text() == "whole"


def test_compact_entries_become_plain_ones() -> None:
    compact = struct.pack("<HHI", 7, 8 | 0x10 << 8, 42)
    head = struct.pack("<HHIBBHII", 0x201, 20, 20 + 4 + 8, 1, 2, 0, 2, 24)
    chunk = head + struct.pack("<HH", 0, 0xFFFF) + compact
    package = struct.pack("<HHI", 0x200, 8, 8 + len(chunk)) + chunk
    table = struct.pack("<HHII", 2, 12, 12 + len(package), 1) + package
    plain = plain_table(table)[12 + 8 :]
    assert struct.unpack_from("<BBHII", plain, 8) == (1, 0, 0, 2, 28)
    assert struct.unpack_from("<II", plain, 20) == (0, 0xFFFFFFFF)
    assert struct.unpack_from("<HHIHBBI", plain, 28) == (8, 0, 7, 8, 0, 0x10, 42)


def test_a_table_cut_short_is_refused() -> None:
    with pytest.raises(ValueError, match="cut short"):
        plain_table(struct.pack("<HHIIHHI", 2, 12, 20, 1, 0x200, 8, 99))


@pytest.mark.parametrize(("tool", "package"), [("aapt2", "aapt"), ("apksigner", "apksigner")])
def test_a_missing_tool_is_named_with_its_apt_line(
    tool: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=f"{tool} is missing; install it with: apt-get install {package}"):
        program(tool)


def test_a_missing_jdk_is_named_with_its_apt_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(UserError, match=r"javac is missing; .* apt-get install openjdk-17-jdk-headless"):
        jdk()
    (tmp_path / "release").write_text('JAVA_VERSION="11.0.2"\n')
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/javac").touch()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UserError, match="is a JDK 11"):
        jdk()


def test_an_element_that_the_manifest_may_not_hold_is_named() -> None:
    refuse_unexpected("a.xml:1: warn: unexpected element <uses-native-library> found in <manifest>.")
    with pytest.raises(UserError, match="<activty>"):
        refuse_unexpected("a.xml:1: warn: unexpected element <activty> found in <manifest>.")


def test_without_googles_archives_the_profile_to_add_is_said(
    bare_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEKP_MAVEN", "http://127.0.0.1:9/maven")
    monkeypatch.setattr(maven, "GOOGLE", "http://127.0.0.1:9/google")
    with pytest.raises(UserError) as error:
        fetch(load_parts()["r8"], tmp_path, "make apk FROM=FOLDER")
    assert "/maven/com/android/tools/r8" in str(error.value) and "/google/com/android" in str(error.value)
    assert maven.GOOGLE_PROFILE in str(error.value) and str(error.value).endswith("make apk FROM=FOLDER")


def test_the_users_maven_goes_before_google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part, asked = load_parts()["r8"], []

    def download(url: str, target: Path, size: int, authorization: str | None = None) -> None:
        asked.append(url)
        raise ValueError("HTTP 404")

    monkeypatch.setattr(downloads, "_download", download)
    monkeypatch.setattr(maven, "local_repository", lambda: tmp_path)
    monkeypatch.setattr(maven, "_settings", list)
    monkeypatch.delenv("FACEKP_MAVEN", raising=False)
    with pytest.raises(UserError):
        fetch(part, tmp_path)
    assert [url.partition("/com/")[0] for url in asked] == [maven.CENTRAL, maven.GOOGLE]


def test_the_profile_is_heeded(bare_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = maven.GOOGLE_PROFILE.replace(maven.GOOGLE, "http://inside/google")
    (bare_home / ".m2").mkdir(parents=True)
    (bare_home / ".m2/settings.xml").write_text(f"<settings><profiles>{profile}</profiles></settings>")
    assert maven.google() == maven.Repository("http://inside/google")
    monkeypatch.setenv("FACEKP_GOOGLE_MAVEN", "http://nearer/google/")
    assert maven.google() == maven.Repository("http://nearer/google")


def test_a_folder_without_the_archives_names_them(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"lacks .*r8-9\.5\.28\.jar .*; put them there"):
        Parts(tmp_path)
    with pytest.raises(UserError, match="make apk FROM=FOLDER"):
        Parts(tmp_path / "none")


def test_a_default_that_is_no_bundled_model_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models.toml").write_text('default = "x"\nmodels = []\n')
    monkeypatch.setattr(app_assets, "package_file", lambda *names: tmp_path / "models.toml")
    with pytest.raises(UserError, match="the default x is not among its models"):
        app_assets.bundled_models()


def test_both_builds_agree() -> None:
    catalog = tomllib.loads((APP / "gradle/libs.versions.toml").read_text())
    scripts = [*APP.glob("*.gradle.kts"), *APP.glob("*/*.gradle.kts")]
    text = "".join(script.read_text() for script in scripts)
    aliases = {f"libs.plugins.{name.replace('-', '.')}" for name in catalog["plugins"]}
    for alias in set(re.findall(r"libs\.[\w.]*\w", text)):
        assert alias in aliases, alias
    assert {plugin["version"]["ref"] for plugin in catalog["plugins"].values()} <= set(catalog["versions"])
    assert f"minSdk = {MIN_SDK}" in text and f"targetSdk = {TARGET_SDK}" in text
    library = (ROOT / "facekp_export/android/build.gradle.kts").read_text()
    for name in ("tensorflow-lite", "tensorflow-lite-gpu", "tensorflow-lite-gpu-api"):
        assert f'"org.tensorflow:{name}:{load_parts()[name].version}"' in library
    manifest = (APP / "sample/src/main/AndroidManifest.xml").read_text()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f'versionName="{version}"' in manifest
    # Gradle's plugin takes it from the build file, and stops at another one in a manifest.
    assert PACKAGE == app.PACKAGE
    assert f'namespace = "{PACKAGE}"' in text and f'applicationId = "{PACKAGE}"' in text
    for folder in (APP / "sample", ROOT / "facekp_export/android/facekp"):
        assert "package=" not in (folder / "src/main/AndroidManifest.xml").read_text()


def test_the_build_names_what_it_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="aapt2 is missing"):
        build_apk(checkout(), Parts(), tmp_path)
    assert not (tmp_path / APK).exists()


@pytest.mark.parametrize(
    ("words", "then"), [([], "install it with: adb install -r"), (["aar"], "is a Maven repository with it")]
)
def test_it_says_what_to_do_with_what_it_made(
    words: list[str],
    then: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "made").write_text("made")
    for name in ("build_apk", "build_aar"):
        monkeypatch.setattr(command, name, lambda *_: tmp_path / "made")
    monkeypatch.setattr(sys, "argv", ["app", *words, "--out", str(tmp_path)])
    assert command.main() == 0
    assert then in " ".join(capsys.readouterr().err.split())

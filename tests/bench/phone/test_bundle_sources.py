"""Where bundles come from: Maven's settings and passwords, archives and what is in them, the command."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from android_bench import cli
from android_bench.phone.bundles.bundle import bundle
from android_bench.phone.bundles.parts import load_parts
from facekp_train.common.console import UserError, run
from facekp_train.common.downloads import downloads, maven
from facekp_train.common.downloads.archives import load_alignment, read_members
from facekp_train.common.downloads.parts import Part
from tests.support.phones.bundle_parts import Server, debian, elf, put, zipped

AAR = "/maven/org/example/engine/1.0/engine-1.0.aar"
DEB = "/debian/pool/main/libc/libc_1.0_arm64.deb"


def test_what_maven_has_kept_is_not_fetched_again(registries: Server, bare_home: Path) -> None:
    put(bare_home / ".m2/repository/org/example/engine/1.0", {"engine-1.0.aar": registries.files[AAR]})
    bundle("bionic")
    assert registries.asked == [DEB]


def test_what_maven_keeps_damaged_is(registries: Server, bare_home: Path) -> None:
    put(
        bare_home / ".m2/repository/org/example/engine/1.0",
        {"engine-1.0.aar": registries.files[AAR][:-1] + b"x"},
    )
    bundle("bionic")
    assert registries.asked == [AAR, DEB]


def _settings(bare_home: Path, body: str) -> None:
    put(bare_home / ".m2", {"settings.xml": f"<settings>{body}</settings>".encode()})


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("*", True), ("central", True), ("external:*", True), ("jcenter, central", True),
        ("*,!snapshots", True), ("*,!central", False), ("jcenter", False), ("external:http:*", False),
        ("", False),
    ],
)  # fmt: skip
def test_a_mirror_of_the_settings_stands_for_central(bare_home: Path, pattern: str, taken: bool) -> None:
    _settings(
        bare_home, f"<mirrors><mirror><mirrorOf>{pattern}</mirrorOf><url>http://m/x/</url></mirror></mirrors>"
    )
    assert maven.central().url == ("http://m/x" if taken else maven.CENTRAL)


def test_settings_with_namespace_variables_and_a_blocked_mirror(
    bare_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """<?xml version="1.0"?><settings xmlns="http://maven.apache.org/SETTINGS/1.0.0">
    <localRepository>${user.home}/kept</localRepository><mirrors>
    <mirror><mirrorOf>*</mirrorOf><url>http://blocked</url><blocked>true</blocked></mirror>
    <mirror><mirrorOf>*</mirrorOf><url>http://${env.MIRROR_HOST}/m</url></mirror></mirrors></settings>"""
    put(bare_home / ".m2", {"settings.xml": text.encode()})
    monkeypatch.setenv("MIRROR_HOST", "inside")
    assert maven.central() == maven.Repository("http://inside/m")
    assert maven.local_repository() == bare_home / "kept"
    monkeypatch.setenv("FACEKP_MAVEN", "http://other/")
    assert maven.central() == maven.Repository("http://other")


def test_settings_that_cannot_be_read_are_named(registries: Server, bare_home: Path) -> None:
    put(bare_home / ".m2", {"settings.xml": b"<settings>"})
    with pytest.raises(UserError, match=r"settings\.xml cannot be read .*; correct it or move it away"):
        bundle("bionic")


def test_a_full_disk_of_this_computer_is_said(registries: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(part: object, target: Path) -> None:
        raise ValueError("pip: No space left on device")

    monkeypatch.setattr(downloads, "_from_maven", full)
    with pytest.raises(UserError, match=r"this computer's disk is full; .* FACEKP_CACHE"):
        bundle("bionic")


def test_a_mirrors_password_goes_to_the_mirror_alone(
    registries: Server, bare_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FACEKP_MAVEN")
    registries.redirects[AAR] = f"{registries.url}/store/engine.aar"
    registries.files["/store/engine.aar"] = registries.files[AAR]
    _settings(
        bare_home,
        f"<mirrors><mirror><id>firm</id><mirrorOf>*</mirrorOf><url>{registries.url}/maven</url></mirror></mirrors>"
        "<servers><server><id>firm</id><username>me</username><password>secret</password></server></servers>",
    )
    bundle("bionic")
    assert registries.asked == [AAR, "/store/engine.aar", DEB]
    assert registries.authorizations == ["Basic bWU6c2VjcmV0", None, None]


def test_an_encrypted_password_is_not_sent(bare_home: Path) -> None:
    _settings(
        bare_home,
        "<mirrors><mirror><id>f</id><mirrorOf>*</mirrorOf><url>http://m</url></mirror></mirrors>"
        "<servers><server><id>f</id><username>me</username><password>{x=}</password></server></servers>",
    )
    assert maven.central() == maven.Repository("http://m")


@pytest.mark.parametrize("compression", ["xz", "gz"])
def test_files_come_out_of_a_debian_package(tmp_path: Path, compression: str) -> None:
    package = put(tmp_path, {"a.deb": debian({"./odd": b"abc", "./b": b""}, compression)}) / "a.deb"
    assert read_members(package, ["./odd", "./b"]) == {"./odd": b"abc", "./b": b""}
    with pytest.raises(ValueError, match=r"a\.deb: .*missing"):
        read_members(package, ["./missing"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.deb", b""), ("a.deb", b"!<arch>\n"), ("a.deb", debian({"./x": b"abc"})[:-40]),
        ("a.deb", b"!<arch>\n" + b" " * 60), ("a.aar", b""), ("a.whl", zipped({"x": b"abc"})[:-9]),
        ("a.aar", zipped({"y": b"abc"})),
    ],
    # By name: a zip holds the time it was made at, and processes that share the tests must agree.
    ids=["empty-deb", "deb-of-nothing", "cut-deb", "garbled-deb", "empty-aar", "cut-whl", "aar-of-others"],
)  # fmt: skip
def test_a_damaged_archive_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(ValueError, match=name):
        read_members(put(tmp_path, {name: content}) / name, ["./x" if name == "a.deb" else "x"])


def test_the_smallest_alignment_counts() -> None:
    assert load_alignment(elf(65536, 4096, 16384)) == 4096
    stack = bytearray(elf(65536, 4096))
    struct.pack_into("<I", stack, 64 + 56, 0x6474E551)  # the second is no PT_LOAD
    assert load_alignment(bytes(stack)) == 65536


@pytest.mark.parametrize(
    "content", [b"", b"#!/bin/sh", elf(4096)[:100], elf(), b"\x7fELF\x01\x01" + elf(4096)[6:]]
)
def test_what_is_no_elf_file_has_no_alignment(content: bytes) -> None:
    with pytest.raises(ValueError, match="ELF"):
        load_alignment(content)


def _command(*words: str) -> int:
    with pytest.raises(SystemExit) as exit_:
        run(cli.app, ["bundle", *words])
    return int(exit_.value.code or 0)


def test_the_command_tells_files_origins_and_hashes(
    registries: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _command("bionic") == 0
    stdout, stderr = capsys.readouterr()
    made = bundle("bionic")
    for file, digest in made.files.items():
        (row,) = [line for line in stdout.splitlines() if line.split()[:1] == [file]]
        assert digest[:16] in row
    assert "memory pages of up to 4 KB" in stdout
    assert "fetching Maven Central org.example:engine 1.0" in stderr
    assert _command("bionic", "bionic", "--json") == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert document["folder"] == str(made.folder)
    assert document["files"] == made.files
    assert document["page_alignment"] == 4096


def test_the_command_refuses_unknown_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert _command("ios") == 2
    assert "bionic, glibc, onnxruntime" in capsys.readouterr().err
    assert _command("bionic", "--from", "/no/where") == 1
    assert "/no/where is not a folder" in capsys.readouterr().err


def test_origins_are_public_names() -> None:
    for part in load_parts().parts.values():
        assert isinstance(part, Part)
        assert part.origin.startswith(("Maven Central ", "PyPI ", "Debian "))

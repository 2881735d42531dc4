"""Bundles for phones, out of registries in miniature: what is taken, what is refused, what is kept."""

from __future__ import annotations

import json
import shutil
import stat
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundle_parts import Miniature, Server, debian, elf, miniature, put, serving, wheel, zipped

from android_bench import cli
from android_bench.phone import bundle as bundles
from android_bench.phone import downloads, maven
from android_bench.phone.archives import load_alignment, read_members
from android_bench.phone.bundle import NAMES, bundle
from android_bench.phone.parts import Part, load_parts
from facekp_train.console import UserError, run
from facekp_train.files import sha256_of

AAR = "/maven/org/example/engine/1.0/engine-1.0.aar"
DEB = "/debian/pool/main/libc/libc_1.0_arm64.deb"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without settings, whose cache is empty."""
    for name in ("MAVEN_HOME", "M2_HOME", "FACEKP_MAVEN", "FACEKP_DEBIAN", "FACEKP_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(downloads, "_APT_HELPER", "/no/apt-helper")
    return tmp_path / "home"


@pytest.fixture
def mini(home: Path, monkeypatch: pytest.MonkeyPatch) -> Miniature:
    small = miniature()
    monkeypatch.setattr(bundles, "load_parts", lambda: small.parts)
    return small


@pytest.fixture
def server(mini: Miniature, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The registries of `mini`, named in the environment."""
    with serving(dict(mini.served)) as server:
        monkeypatch.setenv("FACEKP_MAVEN", f"{server.url}/maven")
        monkeypatch.setenv("FACEKP_DEBIAN", f"{server.url}/debian")
        yield server


def _nothing_left(cache: Path) -> bool:
    return not cache.exists() or not list(cache.iterdir())


def test_the_committed_list_is_whole() -> None:
    parts = load_parts()
    assert set(parts.bundles) == set(NAMES)
    for name, recipe in parts.bundles.items():
        files = [member.file for part in parts.of(name).values() for member in part.members]
        assert len(set(files)) == len(files)
        assert recipe.runner_path.is_file()
        started = {word for word in recipe.command if word.startswith("./")}
        assert started <= {f"./{file}" for file in [*files, recipe.runner]}
        assert {recipe.engine.removeprefix("./")} <= set(files)
        assert recipe.gpu_library is None or recipe.gpu_library.removeprefix("./") in files
    for part in parts.parts.values():
        assert part.version in part.file
        assert (part.registry == "debian") == bool(part.folder)


def test_a_bundle_comes_out_of_the_registries_once(server: Server, tmp_path: Path) -> None:
    made = bundle("bionic")
    assert made.folder.parent == tmp_path / "cache" / "facekp" / "bundles"
    assert {path.name: sha256_of(path) for path in made.folder.iterdir()} == made.files
    assert set(made.files) == {"facekp_runner_bionic", "libengine.so", "libc.so.6"}
    assert made.origins["libengine.so"] == "Maven Central org.example:engine 1.0"
    assert made.origins["libc.so.6"] == "Debian libc 1.0"
    assert made.page_alignment == 4096  # the engine's smallest, below the runner's 16384
    assert made.versions == {"engine": "1.0", "libc": "1.0"}
    assert stat.S_IMODE((made.folder / "facekp_runner_bionic").stat().st_mode) & 0o111
    assert server.asked == [AAR, DEB]
    assert bundle("bionic") == made
    assert len(server.asked) == 2
    assert len(list(made.folder.parent.iterdir())) == 1


@pytest.mark.parametrize("damage", ["cut", "changed", "missing", "foreign", "a file"])
def test_a_damaged_cache_is_made_anew(server: Server, damage: str) -> None:
    made = bundle("bionic")
    engine = made.folder / "libengine.so"
    if damage == "cut":
        engine.write_bytes(engine.read_bytes()[:-1])
    elif damage == "changed":
        engine.write_bytes(engine.read_bytes()[:-1] + b"x")
    elif damage == "missing":
        engine.unlink()
    elif damage == "foreign":
        (made.folder / "other.so").write_bytes(b"")
    else:
        shutil.rmtree(made.folder)
        made.folder.write_bytes(b"")
    assert bundle("bionic") == made
    assert {path.name: sha256_of(path) for path in made.folder.iterdir()} == made.files
    assert len(list(made.folder.parent.iterdir())) == 1
    again = [] if damage == "foreign" else [AAR, DEB] if damage == "a file" else [AAR]
    assert server.asked == [AAR, DEB, *again]


def test_another_runner_is_another_folder(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bundle("bionic")
    put(tmp_path / "bin", {"facekp_runner_bionic": elf(16384, salt=b"newer")})
    monkeypatch.setattr("android_bench.phone.parts._BINARIES", tmp_path / "bin")
    second = bundle("bionic")
    assert second.folder != first.folder
    assert server.asked == [AAR, DEB]  # what has not changed is taken from the older bundle
    assert second.files["facekp_runner_bionic"] != first.files["facekp_runner_bionic"]


def test_two_at_once_are_no_harm(server: Server) -> None:
    made: list[bundles.Bundle] = []
    threads = [threading.Thread(target=lambda: made.append(bundle("bionic"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [made[0]] * 4
    assert len(list(made[0].folder.parent.iterdir())) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: content[:-1] + b"x", "another SHA-256"),
        (lambda content: content[:-1], "bytes instead of"),
        (lambda content: content + b"x" * 9_000_000, "bytes instead of"),
        (lambda content: b"", "has 0 bytes"),
    ],
)
@pytest.mark.parametrize("path", [AAR, DEB])
def test_what_has_not_the_recorded_hash_is_refused(
    server: Server, tmp_path: Path, path, change, words
) -> None:
    server.files[path] = change(server.files[path])
    with pytest.raises(UserError, match=words) as error:
        bundle("bionic")
    assert "--from" in str(error.value)
    assert path.rpartition("/")[2] in str(error.value)
    assert _nothing_left(tmp_path / "cache" / "facekp" / "bundles")


def test_a_registry_without_the_part(server: Server, tmp_path: Path) -> None:
    del server.files[DEB]
    with pytest.raises(UserError, match=r"libc_1\.0_arm64\.deb cannot be fetched.*HTTP 404.*FACEKP_DEBIAN"):
        bundle("bionic")
    assert _nothing_left(tmp_path / "cache" / "facekp" / "bundles")


def test_no_network(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEKP_MAVEN", "http://127.0.0.1:9/maven")
    with pytest.raises(UserError, match=r"engine-1\.0\.aar cannot be fetched.*refused.*settings\.xml"):
        bundle("bionic")


def test_a_registry_that_never_answers(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_ANSWER_SECONDS", 0.2)
    server.silent.set()
    with pytest.raises(UserError, match="timed out"):
        bundle("bionic")


def test_the_next_debian_mirror_is_tried(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACEKP_DEBIAN")
    monkeypatch.setattr(downloads, "_apt_mirrors", lambda: [f"{server.url}/gone"])
    monkeypatch.setattr(downloads, "_DEBIAN", (f"{server.url}/debian",))
    bundle("bionic")
    assert server.asked == [AAR, "/gone/pool/main/libc/libc_1.0_arm64.deb", DEB]


@pytest.mark.skipif(not Path("/usr/lib/apt/apt-helper").is_file(), reason="needs Debian's apt")
def test_apt_fetches_where_there_is_apt(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(downloads, "_APT_HELPER", "/usr/lib/apt/apt-helper")
    (tmp_path / "apt.conf").write_text(
        'Acquire::http::User-Agent "apt of the user";\nAcquire::Retries "0";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    whole = server.files[DEB]
    server.files[DEB] = whole[:-1] + b"x"
    with pytest.raises(UserError, match="cannot be fetched"):
        bundle("bionic")
    server.files[DEB] = whole
    assert "libc.so.6" in bundle("bionic").files


def test_apts_mirrors_are_debians_own_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (
        "http://inside/debian/ Debian main",
        "http://inside/debian-security/ Debian main",
        "http://other/apt Other main",
        "http://inside/debian/ Debian contrib",
        "",
    )
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\ncat <<END\n" + "\n".join(rows) + "\nEND\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert downloads._debian_mirrors() == ["http://inside/debian", *downloads._DEBIAN]
    monkeypatch.setenv("PATH", "/nowhere")
    assert downloads._debian_mirrors() == list(downloads._DEBIAN)


@pytest.mark.slow
def test_pip_fetches_by_its_own_settings(
    mini: Miniature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = {name: content for name, content in mini.archives.items() if name.endswith(".whl")}
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(put(tmp_path / "wheels", wheels)))
    assert set(bundle("glibc").files) == {"facekp_runner_glibc", "liblite.so"}


@pytest.mark.slow
def test_pip_without_the_wheel_or_with_another(
    mini: Miniature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(put(tmp_path / "wheels", {})))
    with pytest.raises(
        UserError, match=r"cannot be fetched \(ERROR: No matching distribution.*pip's settings"
    ):
        bundle("glibc")
    (name,) = (name for name in mini.archives if name.endswith(".whl"))
    put(tmp_path / "wheels", {name: wheel("tiny_engine", "1.0", {"tiny_engine/liblite.so": b"other"})})
    with pytest.raises(UserError, match="what came has"):
        bundle("glibc")


def test_no_pip_at_all(mini: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="there is no pip; python -m ensurepip"):
        bundle("glibc")


def test_a_folder_of_archives_stands_for_the_registries(mini: Miniature, tmp_path: Path) -> None:
    archives = put(tmp_path / "archives", mini.archives)
    assert bundle("bionic", archives).files.keys() == {"facekp_runner_bionic", "libengine.so", "libc.so.6"}
    assert bundle("bionic").folder.is_dir()
    (archives / "engine-1.0.aar").unlink()
    (archives / "libc_1.0_arm64.deb").unlink()
    assert bundle("bionic", archives)  # out of the cache
    shutil.rmtree(bundle("bionic").folder)
    with pytest.raises(
        UserError, match=r"lacks engine-1\.0\.aar \(Maven .*libc_1\.0_arm64\.deb \(Debian .*them"
    ):
        bundle("bionic", archives)


def test_a_folder_with_other_archives(mini: Miniature, tmp_path: Path) -> None:
    archives = put(tmp_path / "archives", {**mini.archives, "engine-1.0.aar": b"other"})
    with pytest.raises(
        UserError, match=r"engine-1\.0\.aar has 5 bytes instead of \d+; fetch it again from Maven"
    ):
        bundle("bionic", archives)
    with pytest.raises(UserError, match="is no folder"):
        bundle("bionic", archives / "engine-1.0.aar")
    assert _nothing_left(tmp_path / "cache" / "facekp" / "bundles")


def test_a_member_with_another_hash_is_refused(
    server: Server, mini: Miniature, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = mini.parts.parts["engine"]
    lying = engine.model_copy(
        update={"members": (engine.members[0].model_copy(update={"sha256": "0" * 64}),)}
    )
    parts = mini.parts.model_copy(update={"parts": {**mini.parts.parts, "engine": lying}})
    monkeypatch.setattr(bundles, "load_parts", lambda: parts)
    with pytest.raises(UserError, match=r"jni/libengine\.so has another SHA-256"):
        bundle("bionic")


def test_a_cache_that_cannot_be_written_names_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").write_bytes(b"")
    monkeypatch.setenv("FACEKP_CACHE", str(tmp_path / "plain" / "bundles"))
    with pytest.raises(OSError, match=r"plain/bundles: nothing can be written there"):
        bundle("bionic")


def test_a_full_disk_names_the_folder_and_keeps_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match=r"facekp/bundles: nothing can be written there \(No space left"):
            bundle("bionic")
    assert _nothing_left(tmp_path / "cache" / "facekp" / "bundles")
    assert bundle("bionic")


def test_a_bundle_that_there_is_not() -> None:
    with pytest.raises(UserError, match="there is no bundle 'ios'; choose bionic, glibc, onnxruntime"):
        bundle("ios")


def test_what_maven_has_kept_is_not_fetched_again(server: Server, home: Path) -> None:
    put(home / ".m2/repository/org/example/engine/1.0", {"engine-1.0.aar": server.files[AAR]})
    bundle("bionic")
    assert server.asked == [DEB]


def test_what_maven_keeps_damaged_is(server: Server, home: Path) -> None:
    put(home / ".m2/repository/org/example/engine/1.0", {"engine-1.0.aar": server.files[AAR][:-1] + b"x"})
    bundle("bionic")
    assert server.asked == [AAR, DEB]


def _settings(home: Path, body: str) -> None:
    put(home / ".m2", {"settings.xml": f"<settings>{body}</settings>".encode()})


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("*", True), ("central", True), ("external:*", True), ("jcenter, central", True),
        ("*,!snapshots", True), ("*,!central", False), ("jcenter", False), ("external:http:*", False),
        ("", False),
    ],
)  # fmt: skip
def test_a_mirror_of_the_settings_stands_for_central(home: Path, pattern: str, taken: bool) -> None:
    _settings(
        home, f"<mirrors><mirror><mirrorOf>{pattern}</mirrorOf><url>http://m/x/</url></mirror></mirrors>"
    )
    assert maven.central().url == ("http://m/x" if taken else maven.CENTRAL)


def test_settings_with_namespace_variables_and_a_blocked_mirror(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """<?xml version="1.0"?><settings xmlns="http://maven.apache.org/SETTINGS/1.0.0">
    <localRepository>${user.home}/kept</localRepository><mirrors>
    <mirror><mirrorOf>*</mirrorOf><url>http://blocked</url><blocked>true</blocked></mirror>
    <mirror><mirrorOf>*</mirrorOf><url>http://${env.MIRROR_HOST}/m</url></mirror></mirrors></settings>"""
    put(home / ".m2", {"settings.xml": text.encode()})
    monkeypatch.setenv("MIRROR_HOST", "inside")
    assert maven.central() == maven.Repository("http://inside/m")
    assert maven.local_repository() == home / "kept"
    monkeypatch.setenv("FACEKP_MAVEN", "http://other/")
    assert maven.central() == maven.Repository("http://other")


def test_settings_that_cannot_be_read_are_named(server: Server, home: Path) -> None:
    put(home / ".m2", {"settings.xml": b"<settings>"})
    with pytest.raises(UserError, match=r"settings\.xml cannot be read .*; mend it or move it away"):
        bundle("bionic")


def test_a_mirrors_password_goes_to_the_mirror_alone(
    server: Server, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FACEKP_MAVEN")
    server.redirects[AAR] = f"{server.url}/store/engine.aar"
    server.files["/store/engine.aar"] = server.files[AAR]
    _settings(
        home,
        f"<mirrors><mirror><id>firm</id><mirrorOf>*</mirrorOf><url>{server.url}/maven</url></mirror></mirrors>"
        "<servers><server><id>firm</id><username>me</username><password>secret</password></server></servers>",
    )
    bundle("bionic")
    assert server.asked == [AAR, "/store/engine.aar", DEB]
    assert server.authorizations == ["Basic bWU6c2VjcmV0", None, None]


def test_an_encrypted_password_is_not_sent(home: Path) -> None:
    _settings(
        home,
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
    server: Server, capsys: pytest.CaptureFixture[str]
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
    assert "/no/where is no folder" in capsys.readouterr().err


def test_origins_are_public_names() -> None:
    for part in load_parts().parts.values():
        assert isinstance(part, Part)
        assert part.origin.startswith(("Maven Central ", "PyPI ", "Debian "))

"""Bundles for phones, out of registries in miniature: what is taken, what is refused, what is kept."""

from __future__ import annotations

import os
import shutil
import stat
import threading
import time
from pathlib import Path

import pytest

from android_bench.phone.bundles import bundle as bundles
from android_bench.phone.bundles.bundle import bundle
from facekp_train.common.console import UserError
from facekp_train.common.downloads import downloads
from facekp_train.common.files import sha256_of
from tests.support.phones.bundle_parts import Miniature, Server, elf, put, wheel

AAR = "/maven/org/example/engine/1.0/engine-1.0.aar"
DEB = "/debian/pool/main/libc/libc_1.0_arm64.deb"


def _nothing_left(cache: Path) -> bool:
    return not cache.exists() or not list(cache.iterdir())


def test_a_bundle_comes_out_of_the_registries_once(registries: Server, tmp_path: Path) -> None:
    made = bundle("bionic")
    assert made.folder.parent == tmp_path / "cache" / "facekp" / "bundles"
    assert {path.name: sha256_of(path) for path in made.folder.iterdir()} == made.files
    assert set(made.files) == {"facekp_runner_bionic", "libengine.so", "libc.so.6"}
    assert made.origins["libengine.so"] == "Maven Central org.example:engine 1.0"
    assert made.origins["libc.so.6"] == "Debian libc 1.0"
    assert made.page_alignment == 4096  # the engine's smallest, below the runner's 16384
    assert made.versions == {"engine": "1.0", "libc": "1.0"}
    assert stat.S_IMODE((made.folder / "facekp_runner_bionic").stat().st_mode) & 0o111
    assert registries.asked == [AAR, DEB]
    assert bundle("bionic") == made
    assert len(registries.asked) == 2
    assert len(list(made.folder.parent.iterdir())) == 1


@pytest.mark.parametrize("damage", ["cut", "changed", "missing", "foreign", "a file"])
def test_a_damaged_cache_is_made_anew(registries: Server, damage: str) -> None:
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
    assert registries.asked == [AAR, DEB, *again]


def test_another_runner_is_another_folder(
    registries: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bundle("bionic")
    put(tmp_path / "bin", {"facekp_runner_bionic": elf(16384, salt=b"newer")})
    monkeypatch.setattr("android_bench.phone.bundles.parts._BINARIES", tmp_path / "bin")
    second = bundle("bionic")
    assert second.folder != first.folder
    assert registries.asked == [AAR, DEB]  # what has not changed is taken from the older bundle
    assert second.files["facekp_runner_bionic"] != first.files["facekp_runner_bionic"]


def test_bundles_unused_for_a_month_go_when_a_newer_one_comes(
    registries: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    month_ago = time.time() - 31 * 24 * 3600
    old, foreign = bundle("bionic").folder, tmp_path / "cache" / "facekp" / "bundles" / "bionic-notes"
    foreign.mkdir()
    os.utime(foreign, (month_ago, month_ago))
    for used_again in (True, False):
        os.utime(old, (month_ago, month_ago))
        if used_again:
            bundle("bionic")
        put(tmp_path / "bin", {"facekp_runner_bionic": elf(16384, salt=b"%d" % used_again)})
        with monkeypatch.context() as newer:
            newer.setattr("android_bench.phone.bundles.parts._BINARIES", tmp_path / "bin")
            bundle("bionic")
        assert old.exists() == used_again
    assert foreign.exists()


def test_two_at_once_are_no_harm(registries: Server) -> None:
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
    registries: Server, tmp_path: Path, path, change, words
) -> None:
    registries.files[path] = change(registries.files[path])
    with pytest.raises(UserError, match=words) as error:
        bundle("bionic")
    assert "--from" in str(error.value)
    assert path.rpartition("/")[2] in str(error.value)
    assert _nothing_left(tmp_path / "cache" / "facekp" / "bundles")


def test_a_registry_without_the_part(registries: Server, tmp_path: Path) -> None:
    del registries.files[DEB]
    with pytest.raises(UserError, match=r"libc_1\.0_arm64\.deb cannot be fetched.*HTTP 404.*FACEKP_DEBIAN"):
        bundle("bionic")
    assert _nothing_left(tmp_path / "cache" / "facekp" / "bundles")


def test_no_network(registries: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEKP_MAVEN", "http://127.0.0.1:9/maven")
    with pytest.raises(UserError, match=r"engine-1\.0\.aar cannot be fetched.*refused.*settings\.xml"):
        bundle("bionic")


def test_a_registry_that_never_answers(registries: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_ANSWER_SECONDS", 0.2)
    registries.silent.set()
    with pytest.raises(UserError, match="timed out"):
        bundle("bionic")


def test_the_next_debian_mirror_is_tried(registries: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACEKP_DEBIAN")
    monkeypatch.setattr(downloads, "_apt_mirrors", lambda: [f"{registries.url}/gone"])
    monkeypatch.setattr(downloads, "_DEBIAN", (f"{registries.url}/debian",))
    bundle("bionic")
    assert registries.asked == [AAR, "/gone/pool/main/libc/libc_1.0_arm64.deb", DEB]


@pytest.mark.skipif(not Path("/usr/lib/apt/apt-helper").is_file(), reason="needs Debian's apt")
def test_apt_fetches_where_there_is_apt(
    registries: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(downloads, "_APT_HELPER", "/usr/lib/apt/apt-helper")
    (tmp_path / "apt.conf").write_text(
        'Acquire::http::User-Agent "apt of the user";\nAcquire::Retries "0";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    whole = registries.files[DEB]
    registries.files[DEB] = whole[:-1] + b"x"
    with pytest.raises(UserError, match="cannot be fetched"):
        bundle("bionic")
    registries.files[DEB] = whole
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
    small_bundles: Miniature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = {name: content for name, content in small_bundles.archives.items() if name.endswith(".whl")}
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(put(tmp_path / "wheels", wheels)))
    assert set(bundle("glibc").files) == {"facekp_runner_glibc", "liblite.so"}


@pytest.mark.slow
def test_pip_without_the_wheel_or_with_another(
    small_bundles: Miniature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(put(tmp_path / "wheels", {})))
    with pytest.raises(
        UserError, match=r"cannot be fetched \(ERROR: No matching distribution.*pip's settings"
    ):
        bundle("glibc")
    (name,) = (name for name in small_bundles.archives if name.endswith(".whl"))
    put(tmp_path / "wheels", {name: wheel("tiny_engine", "1.0", {"tiny_engine/liblite.so": b"other"})})
    with pytest.raises(UserError, match="what came has"):
        bundle("glibc")


def test_no_pip_at_all(small_bundles: Miniature, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="pip is missing; install it with: python -m ensurepip"):
        bundle("glibc")


def test_a_folder_of_archives_stands_for_the_registries(small_bundles: Miniature, tmp_path: Path) -> None:
    archives = put(tmp_path / "archives", small_bundles.archives)
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


def test_a_folder_with_other_archives(small_bundles: Miniature, tmp_path: Path) -> None:
    archives = put(tmp_path / "archives", {**small_bundles.archives, "engine-1.0.aar": b"other"})
    with pytest.raises(
        UserError, match=r"engine-1\.0\.aar has 5 bytes instead of \d+; fetch it again from Maven"
    ):
        bundle("bionic", archives)
    with pytest.raises(UserError, match="is not a folder"):
        bundle("bionic", archives / "engine-1.0.aar")
    assert _nothing_left(tmp_path / "cache" / "facekp" / "bundles")


def test_a_member_with_another_hash_is_refused(
    registries: Server, small_bundles: Miniature, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = small_bundles.parts.parts["engine"]
    lying = engine.model_copy(
        update={"members": (engine.members[0].model_copy(update={"sha256": "0" * 64}),)}
    )
    parts = small_bundles.parts.model_copy(update={"parts": {**small_bundles.parts.parts, "engine": lying}})
    monkeypatch.setattr(bundles, "load_parts", lambda: parts)
    with pytest.raises(UserError, match=r"jni/libengine\.so has another SHA-256"):
        bundle("bionic")


def test_a_cache_that_cannot_be_written_names_it(
    registries: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plain").write_bytes(b"")
    monkeypatch.setenv("FACEKP_CACHE", str(tmp_path / "plain" / "bundles"))
    with pytest.raises(OSError, match=r"plain/bundles: nothing can be written there"):
        bundle("bionic")


def test_a_full_disk_names_the_folder_and_keeps_nothing(
    registries: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    with pytest.raises(UserError, match="there is no bundle 'ios'; choose from bionic, glibc, onnxruntime"):
        bundle("ios")

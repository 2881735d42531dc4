"""facekp-bench --runner app against a scripted phone: the app comes, measures, goes; what fails is said."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from android_bench.phone.runner.app import PACKAGE
from facekp_train.common.files import sha256_of
from tests.support.phones.scripted_phone import PROPERTIES, ScriptedPhone
from tests.support.places import TESTS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripted phone is this computer's own shell")

Measure = Callable[..., tuple[int, list[Any], str]]
RIG = "/data/local/tmp/rig"
FILES = f"{RIG}/{PACKAGE}/files"


@pytest.fixture
def phone(scripted: ScriptedPhone, measure: Measure, tmp_path: Path) -> ScriptedPhone:
    """With the rig's pm, am and logcat; its app measures by the scripted runner."""
    for name in ("am", "pm", "logcat"):
        text = (
            (TESTS / "rig" / "stand_ins" / name).read_text().replace("\nroot=\n", f"\nroot={scripted.root}\n")
        )
        scripted.tool(name, text.partition("\n")[2])
    scripted.put(f"{RIG}/runner", f"{sys.executable} {tmp_path}/bundle/runner")
    return scripted


@pytest.fixture
def by_app(phone: ScriptedPhone, measure: Measure, tmp_path: Path) -> Measure:
    """As `measure`, by an app."""
    apk = tmp_path / "a.apk"
    apk.write_text("the app")
    return lambda *words: measure("--runner", "app", "--apk", apk, *words)


def installed(phone: ScriptedPhone) -> bool:
    return (phone.root / RIG[1:] / "base.apk").exists()


def test_the_app_measures_as_any_runner_does(phone: ScriptedPhone, by_app: Measure, tmp_path: Path) -> None:
    code, (record,), _ = by_app()
    assert (code, record.invalid_reasons) == (0, [])
    assert (record.runner.name, record.runner.sha256) == ("app", sha256_of(tmp_path / "a.apk"))
    assert (record.cpus, record.pinned, record.engine_sha256) == (None, None, None)
    assert record.parity.ok and record.runtime_version == "2.16.1"
    assert len(record.samples_ms) == 10
    # The app stays, its files go.
    assert installed(phone) and list((phone.root / FILES[1:]).iterdir()) == []
    assert not (phone.root / "data/local/tmp/facekp/app").exists()


def test_the_same_app_is_not_brought_twice_and_goes_when_asked(phone: ScriptedPhone, by_app: Measure) -> None:
    by_app()
    before = len(phone.calls)
    assert by_app("--uninstall")[0] == 0
    assert not any(word.endswith(".apk.part") for call in phone.calls[before:] for word in call)
    assert not installed(phone)


def test_another_build_takes_its_place(phone: ScriptedPhone, by_app: Measure) -> None:
    phone.put(f"{RIG}/base.apk", "an older build")
    assert by_app()[0] == 0
    assert (phone.root / RIG[1:] / "base.apk").read_text() == "the app"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("INSTALL_FAILED_UPDATE_INCOMPATIBLE: signatures do not match newer version; ignoring!",
         f"remove it with: adb uninstall {PACKAGE}"),
        ("INSTALL_FAILED_VERSION_DOWNGRADE: Downgrade detected", "a newer build"),
        ("INSTALL_FAILED_OLDER_SDK: Requires newer sdk version #24 (current version is #23)", "older than 7"),
        ("INSTALL_FAILED_NO_MATCHING_ABIS: Failed to extract native libraries, res=-113", "not built for"),
        ("INSTALL_FAILED_USER_RESTRICTED: Install canceled by user", "Install via USB"),
        ("INSTALL_FAILED_VERIFICATION_FAILURE", "Verify apps over USB"),
        ("INSTALL_FAILED_ABORTED: User rejected permissions", "confirm it there"),
        ("INSTALL_FAILED_INSUFFICIENT_STORAGE", "delete something on it"),
        ("INSTALL_FAILED_SOMETHING_NEW", "INSTALL_FAILED_SOMETHING_NEW"),
    ],
)  # fmt: skip
def test_a_refused_app_gives_a_sentence(
    phone: ScriptedPhone, by_app: Measure, said: str, expected: str
) -> None:
    phone.put(f"{RIG}/pm", f"Failure [{said}]\n")
    code, _, stderr = by_app()
    assert code == 1 and expected in " ".join(stderr.split())
    assert not (phone.root / "data/local/tmp/facekp/app").exists()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("missing", "no runner"),
        ("crash", "crashed on the phone or was killed (Process crashed.)"),
        ("exception", "Failed to allocate"),
        ("killed", "gave no result"),
        ("dark", "dark or locked; unlock it"),
        ("garbled", "garbled"),
        ("silent", "garbled"),
    ],
)
def test_an_app_that_fails_gives_a_sentence(
    phone: ScriptedPhone, by_app: Measure, fault: str, expected: str
) -> None:
    phone.put(f"{RIG}/am", fault)
    code, _, stderr = by_app()
    assert code == 1 and expected in " ".join(stderr.split())


@pytest.mark.parametrize("folder", ["", "files", "/data/local/tmp", f"/data/local/tmp/{PACKAGE}/.."])
def test_a_folder_that_is_not_the_apps_own_is_left_alone(
    phone: ScriptedPhone, by_app: Measure, folder: str
) -> None:
    """What the app tells is deleted in the end."""
    phone.put("/data/local/tmp/holiday.jpg", "the user's")
    am = phone.folder / "bin" / "am"
    am.write_text(am.read_text().replace(f"folder={FILES}", f"folder={folder}"))
    code, _, stderr = by_app()
    assert code == 1 and "the app tells no folder of its own" in stderr
    assert (phone.root / "data/local/tmp/holiday.jpg").read_text() == "the user's"


def test_an_app_that_hangs_is_stopped(phone: ScriptedPhone, by_app: Measure) -> None:
    phone.put(f"{RIG}/am", "hang")
    code, _, stderr = by_app("--timeout", "2")
    assert code == 1 and "no answer of the app within 2 s" in " ".join(stderr.split())
    assert PACKAGE in (phone.root / RIG[1:] / "stopped").read_text()


def test_what_a_delegate_took_is_told_by_the_log(phone: ScriptedPhone, by_app: Measure) -> None:
    code, (record,), _ = by_app("--delegate", "nnapi")
    assert code == 1 and "NNAPI delegate took no part" in record.invalid_reasons[0]
    runner = (phone.root / RIG[1:] / "runner").read_text()
    line = "Replacing 3 out of 3 node(s) with delegate (TfLiteNnapiDelegate) node"
    phone.put(f"{RIG}/runner", f"echo '{line}' >&2; {runner}")
    code, (record,), _ = by_app("--delegate", "nnapi")
    assert code == 0 and record.delegated_nodes == (3, 3)


def test_without_an_apk_it_is_said_how_to_build_one(phone: ScriptedPhone, measure: Measure) -> None:
    code, _, stderr = measure("--runner", "app", "--apk", "none.apk")
    assert code == 1 and "none.apk is not there; build it with: make apk" in " ".join(stderr.split())


def test_an_android_7_without_sha256sum_is_read_back(phone: ScriptedPhone, by_app: Measure) -> None:
    phone.properties(PROPERTIES | {"ro.build.version.sdk": "24"})
    phone.save(without=["sha256sum"])
    assert by_app()[0] == 0


@pytest.mark.parametrize("option", [("--apk", "a.apk"), ("--uninstall",)])
def test_its_options_need_it(measure: Measure, option: tuple[str, ...]) -> None:
    code, _, stderr = measure(*option)
    assert code == 2 and "changes nothing without --runner app" in " ".join(stderr.replace("│", " ").split())

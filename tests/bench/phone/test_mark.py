"""A phone that several accounts or computers reach is measured by one of them at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from android_bench.phone.adb.adb import Adb
from android_bench.phone.adb.shell import Phone
from android_bench.phone.lock import locked
from android_bench.phone.mark import marked, renew
from android_bench.phone.runner.install import ROOT
from facekp_train.common.console import UserError
from tests.support.phones.scripted_phone import ScriptedPhone

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the scripted phone is this computer's own shell")

Measure = Callable[..., tuple[int, list[Any], str]]


@pytest.fixture
def phone(scripted: ScriptedPhone) -> Phone:
    return Phone(Adb(), "TEST")


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Become another account, with locks of its own."""

    def become(name: str) -> None:
        monkeypatch.setenv("USER", name)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        with locked("anything", "TEST"):  # makes the folder
            pass

    return become


def test_another_account_is_refused_until_the_first_lets_go(
    scripted: ScriptedPhone, phone: Phone, account: Callable[[str], None]
) -> None:
    account("it's ann")
    with marked(phone, 60):
        renew(phone, 60)  # its own is no obstacle
        account("bob")
        with pytest.raises(
            UserError, match=r"is being measured by it's-ann@\S+, another account or computer"
        ):
            renew(phone, 60)
        account("it's ann")
    assert not (scripted.root / ROOT[1:]).exists()
    account("bob")
    renew(phone, 60)


def test_the_mark_of_a_run_that_was_killed_holds_for_a_while_only(
    scripted: ScriptedPhone, phone: Phone, account: Callable[[str], None]
) -> None:
    account("ann")
    renew(phone, 1)
    account("bob")
    with pytest.raises(UserError, match="releases it in 1 s"):
        renew(phone, 60)
    time.sleep(1.1)
    renew(phone, 60)
    account("ann")
    with pytest.raises(UserError, match="by bob@"):  # whoever was too slow to renew
        renew(phone, 60)


@pytest.mark.parametrize("text", ["", "garbage", "99999999999 ann@farm 1.2", "\0\0"], ids=repr)
def test_a_mark_that_means_nothing_is_none(
    text: str, scripted: ScriptedPhone, phone: Phone, account: Callable[[str], None]
) -> None:
    account("ann")
    scripted.put(f"{ROOT}/measured-by", text)
    renew(phone, 60)
    account("bob")
    with pytest.raises(UserError, match="by ann@"):
        renew(phone, 60)


def test_a_phone_that_another_measures_on_is_left_as_it_is(scripted: ScriptedPhone, measure: Measure) -> None:
    mark = f"{int(time.time()) + 500} ann@farm 1.2\n"
    scripted.put(f"{ROOT}/measured-by", mark)
    scripted.put(f"{ROOT}/work/output.bin", "hers")
    code, records, stderr = measure()
    assert (code, records) == (1, [])
    assert "is being measured by ann@farm" in stderr
    assert (scripted.root / ROOT[1:] / "work/output.bin").read_text() == "hers"
    assert (scripted.root / ROOT[1:] / "measured-by").read_text() == mark

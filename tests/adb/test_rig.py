"""The rig itself: it is an Android phone to adb, it can be broken, and it leaves nothing behind."""

from __future__ import annotations

import pytest

from tests.rig.rig import Rig

pytestmark = pytest.mark.adb


def test_the_shell_is_a_phones(rig: Rig) -> None:
    assert rig.shell("uname -m") == "aarch64\n"
    assert rig.shell("getprop ro.soc.model") == "SM8150\n"
    assert rig.shell("getconf PAGESIZE") == "4096\n"

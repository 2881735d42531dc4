"""On Android 7, the oldest: what the code asks of Android is there, or it looks at the version before."""

from __future__ import annotations

import zipfile
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from android_bench.app.build import MIN_SDK
from facekp_train.common.console import UserError
from tests.android import jars
from tests.android.apk.classes import ClassFile, Member, read_class
from tests.support.places import ROOT

pytestmark = pytest.mark.app

_OBJECT = (
    "<init>",
    "clone",
    "equals",
    "finalize",
    "getClass",
    "hashCode",
    "notify",
    "notifyAll",
    "toString",
    "wait",
)
_VERSION = ("android/os/Build$VERSION", ("SDK_INT", "I"))


class _Android:
    """The classes of a version of Android; java.lang is not among them."""

    def __init__(self, jar: Path) -> None:
        self._archive = zipfile.ZipFile(jar)
        self._names = set(self._archive.namelist())
        self.find = cache(self._find)

    def _find(self, name: str) -> ClassFile | None:
        file = f"{name}.class"
        return read_class(self._archive.read(file)) if file in self._names else None

    def lacks(self, name: str, member: Member) -> bool:
        """Whether a class of Android's own, or all that it is built on, has no such member."""
        if name == "java/lang/Object":
            return member[0] not in _OBJECT
        known = self.find(name)
        if known is None:
            # Robolectric adds an interface of its own.
            return name.startswith(("android/", "org/robolectric/"))
        return member not in known.members and all(self.lacks(parent, member) for parent in known.parents)


@pytest.fixture(scope="module")
def android() -> _Android:
    try:
        return _Android(jars.PARTS.archive(f"android-{MIN_SDK}"))
    except UserError as error:
        pytest.skip(str(error))


def _newer(android: _Android, jar: Path) -> dict[str, set[str]]:
    """By class, with its inner ones, the members that this Android lacks."""
    found, looking = defaultdict(set), set()
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            if not name.endswith(".class"):
                continue
            code = read_class(archive.read(name))
            outer = code.name.partition("$")[0]
            found[outer] |= {
                f"{owner}.{member[0]}" for owner, member in code.references if android.lacks(owner, member)
            }
            # A class that looks at the version knows what it asks for.
            if _VERSION in code.references:
                looking.add(outer)
    return {name: lacking for name, lacking in found.items() if lacking and name not in looking}


@pytest.mark.parametrize("name", ["library.jar", "sample.jar"])
def test_the_oldest_android_has_what_the_code_asks_for(apk: Path, android: _Android, name: str) -> None:
    assert _newer(android, ROOT / "build" / "app" / name) == {}


def test_what_is_newer_is_noticed(android: _Android) -> None:
    assert android.lacks("android/view/WindowInsets", ("getInsets", "(I)Landroid/graphics/Insets;"))
    assert android.lacks("android/graphics/ImageDecoder", ("decodeBitmap", "()V"))
    assert not android.lacks("android/view/View", ("getContext", "()Landroid/content/Context;"))
    assert not android.lacks("android/widget/TextView", ("getId", "()I"))

"""What the app is built from: parts.json, with a hash for every archive and every file taken out of it.

Archives are fetched once, through the user's own Maven and pip settings, and kept by their hash beside
the phones' bundles.
"""

from __future__ import annotations

from pathlib import Path

from facekp_train.common.console import UserError
from facekp_train.common.downloads.archives import read_members
from facekp_train.common.downloads.cache import kept
from facekp_train.common.downloads.downloads import given
from facekp_train.common.downloads.parts import Part, StrictModel
from facekp_train.common.files import package_file

ABIS = ("arm64-v8a", "armeabi-v7a", "x86_64")
"""Of the phones that the APK runs on; emulators are x86_64."""
LIBRARIES = (
    "tensorflow-lite",
    "tensorflow-lite-api",
    "tensorflow-lite-gpu",
    "tensorflow-lite-gpu-api",
)
"""AARs whose classes and engines go into the APK."""
COMPILER = (
    "kotlin-compiler-embeddable",
    "kotlin-stdlib",
    "kotlin-script-runtime",
    "kotlin-reflect",
    "kotlin-daemon-embeddable",
    "kotlin-build-tools-api",
    "kotlinx-coroutines-core-jvm",
    "annotations",
)
"""Jars that kotlinc runs on."""
_WAY = "make apk FROM=FOLDER"


class _List(StrictModel):
    parts: dict[str, Part]


class Parts:
    """The archives of parts.json, each fetched when it is first asked for.

    Args:
        source: a folder with the archives, for machines that reach no registry.
        more: further lists of archives, as tests have them.

    Raises:
        UserError: where `source` is no folder or lacks an archive.
    """

    def __init__(self, source: Path | None = None, *more: Path) -> None:
        self._parts = load_parts()
        for path in more:
            self._parts |= _listed(path)
        self._given = _given(list(self._parts.values()), source)

    def __getitem__(self, name: str) -> Part:
        return self._parts[name]

    def archive(self, name: str) -> Path:
        """Where a part's archive lies. Raises UserError where it cannot be had."""
        part = self._parts[name]
        return self._given.get(part.file) or kept(part, "app", _WAY)

    def member(self, name: str, file: str) -> bytes:
        """The content of a file of an archive, by the name that parts.json gives it.

        Raises UserError where the archive cannot be had or is damaged.
        """
        part = self._parts[name]
        path = next(member.path for member in part.members if member.file == file)
        try:
            return read_members(self.archive(name), [path])[path]
        except ValueError as error:
            raise UserError(f"{part.origin}: {error}; delete it, and run make apk again") from None


def load_parts() -> dict[str, Part]:
    """The list that comes with the package."""
    return _listed(package_file("android_bench.app", "parts.json"))


def _listed(path: Path) -> dict[str, Part]:
    return _List.model_validate_json(path.read_bytes()).parts


def _given(parts: list[Part], source: Path | None) -> dict[str, Path]:
    if source is None:
        return {}
    if not source.is_dir():
        raise UserError(f"{source} is not a folder; give the folder that holds the archives with {_WAY}")
    return given(parts, source)

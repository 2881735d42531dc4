"""What the app's tests run on: the build's archives and those of parts.json beside this file."""

from __future__ import annotations

from pathlib import Path

from android_bench.app.parts import Parts

ENGINE = ("tensorflow-lite-jvm", "tflite-native-cpu")
"""An engine for this machine: its classes and its library."""
RUN = ("kotlin-stdlib", "junit", "hamcrest-core")
ROBOLECTRIC = (
    "robolectric", "robolectric-annotations", "robolectric-junit", "robolectric-nativeruntime",
    "robolectric-nativeruntime-dist-compat", "robolectric-pluginapi", "robolectric-resources",
    "robolectric-sandbox", "robolectric-shadowapi", "robolectric-shadows-framework", "robolectric-utils",
    "robolectric-utils-reflector", "asm", "asm-commons", "asm-tree", "auto-value-annotations",
    "bcprov-jdk18on", "conscrypt-openjdk-uber", "failureaccess", "guava", "icu4j", "javax.annotation-api",
    "javax.inject", "sqlite4java",
)  # fmt: skip
EMULATOR = (
    "unidbg-android", "unidbg-unicorn2", "unidbg-api", "unicorn", "keystone", "native-lib-loader",
    "slf4j-api", "jna", "commons-collections4", "commons-io", "commons-logging", "fastjson",
)  # fmt: skip
"""A processor of phones with Android 6's own C library, which lies in the first of them."""
APIS = (24, 34, 35)
"""Of the Androids that screens are drawn by: the oldest and newest that the app runs on, and one between."""

PARTS = Parts(None, Path(__file__).with_name("parts.json"))


def member(name: str, folder: Path) -> Path:
    """The first file that is taken out of a part's archive, an AAR's classes, written into a folder."""
    wanted = PARTS[name].members[0]
    target = folder / wanted.file
    if not target.is_file():
        target.write_bytes(PARTS.member(name, wanted.file))
    return target


def paths(names: tuple[str, ...]) -> list[str]:
    """The archives. Raises UserError where one cannot be had."""
    return [str(PARTS.archive(name)) for name in names]


def frameworks(folder: Path) -> Path:
    """A folder with the Androids of APIS, as Robolectric looks for them."""
    folder.mkdir(exist_ok=True)
    for api in APIS:
        archive = PARTS.archive(f"android-{api}")
        link = folder / archive.name
        if not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(archive)
    return folder

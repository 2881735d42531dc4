"""From sources to a signed APK: resources, Kotlin, dex, archive, signature; only what changed is built."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from android_bench.app.assets import assets
from android_bench.app.framework import write_framework
from android_bench.app.packing import write_apk
from android_bench.app.parts import ABIS, COMPILER, LIBRARIES, Parts
from android_bench.app.steps import Made, Workshop, digest
from android_bench.app.tools import java, jdk, program, run
from facekp_train.common.console import UserError
from facekp_train.common.files import package_file, written_aside

APK = "facekp-sample.apk"
PACKAGE = "org.facekp.sample"
MIN_SDK, TARGET_SDK = 24, 35
ENGINES = {
    "tensorflow-lite": "libtensorflowlite_jni.so",
    "tensorflow-lite-gpu": "libtensorflowlite_gpu_jni.so",
}
"""The engine's library of each AAR that has one."""
OLDEST_KOTLIN = "2.2.21"
"""Of the apps that the library is for: a compiler reads classes of the next minor version at most."""
_KOTLIN = (
    "-no-stdlib", "-no-reflect", "-jvm-target", "1.8", "-Xjdk-release=1.8", "-Xlambdas=class",
    "-Xsam-conversions=class", "-Xstring-concat=inline",
    "-Xnullability-annotations=@android.annotation:ignore", "-Werror",
)  # fmt: skip
_D8 = ("--release", "--min-api", str(MIN_SDK))
_NEW_ELEMENT = "<uses-native-library>"
"""Android 12's; Debian's aapt2 2.19 copies it, but does not know it."""
_HEAD = '<manifest xmlns:android="http://schemas.android.com/apk/res/android"'
_ALIAS, _PASSWORD = "androiddebugkey", "android"


@dataclass(frozen=True)
class Sources:
    """What the build reads: source sets of library and sample, and the public key of debug builds."""

    root: Path
    library: Path
    sample: Path
    keystore: Path


def checkout() -> Sources:
    """The sources beside this file. Raises UserError where they were installed without the models."""
    app = package_file("android_bench.app", "build.py").parent
    root = app.parents[1]
    if not (root / "models").is_dir():
        raise UserError("the app is built in the repository; clone it, and run make apk there")
    library = root / "facekp_export" / "android" / "facekp" / "src" / "main"
    return Sources(root, library, app / "sample" / "src" / "main", app / "debug.keystore")


def build_apk(sources: Sources, parts: Parts, folder: Path) -> Path:
    """Build the APK.

    Args:
        sources: what to build.
        parts: what to build with.
        folder: the APK is written here, all else below its `app`.

    Returns:
        The APK's path.

    Raises:
        UserError: where a tool or a part is missing, or a source is wrong.
    """
    for tool in ("aapt2", "apksigner"):
        program(tool)
    home, shop = jdk(), Workshop(folder / "app")
    build = _Build(sources, parts, shop, home)
    signed = build.signed(build.archive())
    target = folder / APK
    content = signed.path.read_bytes()
    if not target.is_file() or target.read_bytes() != content:
        with written_aside(target) as aside:
            aside.write_bytes(content)
    return target


def build_library(sources: Sources, parts: Parts, folder: Path) -> Path:
    """Build the library's classes alone, below the folder's `app`; their jar.

    Raises UserError where a tool or a part is missing, or a source is wrong.
    """
    return _Build(sources, parts, Workshop(folder / "app"), jdk()).library().path


class _Build:
    """The steps, each named after what it makes."""

    def __init__(self, sources: Sources, parts: Parts, shop: Workshop, home: Path) -> None:
        self.sources, self.parts, self.shop, self.home = sources, parts, shop, home
        self.android = parts.archive("android")
        self.stdlib = parts.archive("kotlin-stdlib")
        # Whatever a compiler is, its hash says; so do those of all that it compiles against.
        self.tools = "".join(
            parts[name].sha256 for name in ("android", "r8", "kotlin-stdlib", *COMPILER, *LIBRARIES)
        )

    def classes(self) -> Made:
        """The AARs' classes."""

        def make(target: Path) -> None:
            target.mkdir()
            for name in LIBRARIES:
                (target / f"{name}.jar").write_bytes(self.parts.member(name, f"{name}.jar"))

        return self.shop.made("classes", [self.tools], make)

    def resources(self) -> Made:
        """The sample's manifest, with its package; base.zip, of it and the resources; java/, the R class."""
        framework = self.shop.made(
            "framework.zip", [self.parts["android"].sha256], lambda path: write_framework(self.android, path)
        )
        source, res = self.sources.sample / "AndroidManifest.xml", self.sources.sample / "res"

        def make(target: Path) -> None:
            target.mkdir()
            manifest = target / source.name
            manifest.write_text(named_manifest(source, PACKAGE), encoding="utf-8")
            compiled = target / "compiled.zip"
            run("aapt2", program("aapt2"), "compile", "--dir", res, "-o", compiled)
            said = run(
                "aapt2", program("aapt2"), "link", "--warn-manifest-validation", "-I", framework.path,
                "--manifest", manifest, "--java",
                target / "java", "-o", target / "base.zip", "--min-sdk-version", str(MIN_SDK),
                "--target-sdk-version", str(TARGET_SDK), compiled,
            )  # fmt: skip
            refuse_unexpected(said)

        return self.shop.made("resources", [framework.key, digest(source, res), PACKAGE], make)

    def constants(self, resources: Made) -> Made:
        """The R class, compiled."""

        def make(target: Path) -> None:
            target.mkdir()
            files = sorted((resources.path / "java").rglob("*.java"))
            javac = self.home / "bin/javac"
            run("javac", javac, "-nowarn", "-Xlint:-options", "--release", "8", "-d", target, *files)

        return self.shop.made("constants", [resources.key], make)

    def library(self) -> Made:
        """The library's classes."""
        aars = self.classes()
        language = OLDEST_KOTLIN.rpartition(".")[0]
        options = ("-module-name", "facekp", "-language-version", language, "-api-version", language)
        return self._compiled(
            "library.jar", self.sources.library / "kotlin", [aars.key], _jars(aars), options
        )

    def sample(self, library: Made, constants: Made) -> Made:
        """The sample's classes."""
        aars = self.classes()
        keys = [library.key, constants.key, aars.key]
        beside = [library.path, constants.path, *_jars(aars)]
        options = ("-module-name", "sample")
        return self._compiled("sample.jar", self.sources.sample / "kotlin", keys, beside, options)

    def _compiled(
        self, name: str, source: Path, keys: list[str], beside: list[Path], options: tuple[str, ...]
    ) -> Made:
        path = ":".join(map(str, [self.android, self.stdlib, *beside]))

        def make(target: Path) -> None:
            made = target.with_suffix(".made.jar")  # kotlinc goes by the suffix
            try:
                java(
                    [self.parts.archive(part) for part in COMPILER],
                    "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler",
                    *_KOTLIN, *options, "-cp", path, "-d", made, source,
                )  # fmt: skip
                made.rename(target)
            finally:
                made.unlink(missing_ok=True)

        return self.shop.made(name, [self.tools, *_KOTLIN, *options, *keys, digest(source)], make)

    def own_dex(self, library: Made, constants: Made, sample: Made) -> Made:
        """classes.dex: library and sample."""
        aars = self.classes()
        beside = [word for jar in [self.stdlib, *_jars(aars)] for word in ("--classpath", jar)]

        def make(target: Path) -> None:
            target.mkdir()
            files = sorted(constants.path.rglob("*.class"))
            self._d8(target, *beside, library.path, sample.path, *files)

        keys = [library.key, constants.key, sample.key, aars.key]
        return self.shop.made("own-dex", [self.tools, *_D8, *keys], make)

    def other_dex(self) -> Made:
        """classes2.dex: TensorFlow Lite's and Kotlin's, which change with parts.json alone."""
        aars = self.classes()

        def make(target: Path) -> None:
            target.mkdir()
            self._d8(target, self.stdlib, *_jars(aars))

        return self.shop.made("other-dex", [self.tools, *_D8, aars.key], make)

    def _d8(self, target: Path, *words: str | Path) -> None:
        """android-all lacks java.lang, so the JDK's comes before it."""
        r8, libraries = self.parts.archive("r8"), ("--lib", self.home, "--lib", self.android)
        java([r8], "com.android.tools.r8.D8", *_D8, *libraries, "--output", target, *words)

    def assets(self) -> tuple[dict[str, bytes], Made]:
        """Models, licences and the rest by name, and a folder of them, which Gradle's build takes."""
        contents = assets(self.sources.root, self.parts)

        def make(target: Path) -> None:
            for name, content in contents.items():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                (target / name).write_bytes(content)

        keys = [f"{name} {hashlib.sha256(content).hexdigest()}" for name, content in sorted(contents.items())]
        return contents, self.shop.made("assets", keys, make)

    def archive(self) -> Made:
        """The APK, unsigned."""
        resources = self.resources()
        constants, library = self.constants(resources), self.library()
        own, other = self.own_dex(library, constants, self.sample(library, constants)), self.other_dex()
        contents, listed = self.assets()
        engines = {
            f"lib/{abi}/{file}": (name, f"{abi}/{file}") for name, file in ENGINES.items() for abi in ABIS
        }

        def make(target: Path) -> None:
            with zipfile.ZipFile(resources.path / "base.zip") as base:
                files = {name: base.read(name) for name in base.namelist()}
            files |= {f"assets/{name}": content for name, content in contents.items()}
            files["classes.dex"] = (own.path / "classes.dex").read_bytes()
            files["classes2.dex"] = (other.path / "classes.dex").read_bytes()
            files |= {name: self.parts.member(*place) for name, place in engines.items()}
            write_apk(target, files)

        code = Path(__file__).parent / "packing.py"
        keys = [resources.key, own.key, other.key, listed.key, self.tools, digest(code)]
        return self.shop.made("unsigned.zip", keys, make)

    def signed(self, archive: Made) -> Made:
        """The APK, signed so that Android 7 and later take it."""
        keystore = self.sources.keystore

        def make(target: Path) -> None:
            run(
                "apksigner", program("apksigner"), "sign", "--ks", keystore, "--ks-key-alias", _ALIAS,
                "--ks-pass", f"pass:{_PASSWORD}", "--min-sdk-version", str(MIN_SDK), "--v1-signing-enabled",
                "false", "--v2-signing-enabled", "true", "--v3-signing-enabled", "true", "--out", target,
                archive.path,
            )  # fmt: skip
            target.with_name(f"{target.name}.idsig").unlink(missing_ok=True)

        return self.shop.made("signed.zip", [archive.key, digest(keystore)], make)


def named_manifest(path: Path, package: str) -> str:
    """A manifest with its package, which Gradle's plugin takes from the build file, and only from there.

    Raises UserError for one that does not begin as ours do.
    """
    text = path.read_text(encoding="utf-8")
    named = text.replace(_HEAD, f'{_HEAD}\n    package="{package}"', 1)
    if named == text:
        raise UserError(f"{path} does not begin with {_HEAD}; correct it")
    return named


def refuse_unexpected(said: str) -> None:
    """Raise UserError for what aapt2 warns of in a manifest, but for an element that is newer than aapt2."""
    lines = [line for line in said.splitlines() if "unexpected element" in line]
    if wrong := [line for line in lines if _NEW_ELEMENT not in line]:
        raise UserError(f"the manifest is wrong; correct it: {'; '.join(wrong)}")


def _jars(aars: Made) -> list[Path]:
    return [aars.path / f"{name}.jar" for name in LIBRARIES]

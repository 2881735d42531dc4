"""The sample app and its tests, compiled; what Robolectric has to know of them."""

from __future__ import annotations

from pathlib import Path

from android_bench.app.build import APK, PACKAGE
from tests.android import jars, jvm
from tests.support.places import ROOT

SCREENS = ROOT / "docs" / "guides" / "app"
"""What the screens look like, as the guide shows them."""
SAMPLE = ROOT / "android_bench" / "app" / "sample" / "src" / "main"


class App(jvm.Tests):
    """The sample, as `make apk` compiled it, and its tests.

    Raises UserError where a part cannot be had, AssertionError where the sources do not compile.
    """

    def __init__(self) -> None:
        built = jvm.BUILT
        own = [built / "library.jar", built / "sample.jar", built / "constants"]
        config = jvm.BUILD / "config"
        _write_config(config)
        # JUnit looks at the tests by some Android's classes before Robolectric runs them on another's.
        android = jars.paths((f"android-{jars.APIS[-1]}",))
        beside = [
            *jars.paths(jars.ROBOLECTRIC),
            str(jars.member("monitor", jvm.BUILD)),
            str(config),
            *android,
        ]
        # Those are instrumented: a test that extends one of them would lack what that adds.
        plain = jars.paths(("android",))
        super().__init__("app", Path(__file__).with_name("kotlin"), own, beside, plain)
        self._frameworks = jars.frameworks(jvm.BUILD / "frameworks")

    def run(self, *tests: str, **properties: object) -> str:
        """As `Tests.run`, of classes of the sample's package."""
        given = {"robolectric.offline": "true", "robolectric.dependency.dir": self._frameworks}
        return super().run(*(f"sample.{test}" for test in tests), **given, **properties)


def _write_config(folder: Path) -> None:
    """Where the resources, manifest and assets of the app lie."""
    path = folder / "com" / "android" / "tools" / "test_config.properties"
    path.parent.mkdir(parents=True, exist_ok=True)
    values = {
        "android_merged_assets": jvm.BUILT / "assets",
        "android_merged_resources": SAMPLE / "res",
        "android_merged_manifest": jvm.BUILT / "resources" / "AndroidManifest.xml",
        "android_custom_package": PACKAGE,
        "android_resource_apk": ROOT / "build" / APK,
    }
    path.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")

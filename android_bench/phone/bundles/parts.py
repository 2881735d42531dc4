"""What bundles are made of: parts.json, with a hash for every archive and every file taken out of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from facekp_train.common.downloads.parts import Part, StrictModel
from facekp_train.common.files import package_file

_LIST = package_file("android_bench.phone.bundles", "parts.json")
_BINARIES = package_file("android_bench", "native", "bin")


class BundleSpec(StrictModel):
    """A bundle: what the phone runs, with which engine, out of which parts."""

    runner: str
    command: tuple[str, ...]
    engine: str
    gpu_library: str | None
    parts: tuple[str, ...]

    @property
    def runner_path(self) -> Path:
        """The executable that comes with the package."""
        return _BINARIES / self.runner


class Parts(StrictModel):
    """The whole list."""

    parts: dict[str, Part]
    bundles: dict[str, BundleSpec]

    def of(self, name: str) -> dict[str, Part]:
        """The parts of one bundle by name."""
        return {part: self.parts[part] for part in self.bundles[name].parts}

    def digest(self, name: str, runner_sha256: str) -> str:
        """16 hex digits that change with anything that a bundle is made of."""
        text = self.bundles[name].model_dump_json() + runner_sha256
        text += "".join(part.model_dump_json() for part in self.of(name).values())
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_parts() -> Parts:
    """The list that comes with the package."""
    return Parts.model_validate_json(_LIST.read_bytes())

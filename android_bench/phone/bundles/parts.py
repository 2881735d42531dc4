"""What bundles are made of: parts.json, with a hash for every archive and every file taken out of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

_LIST = Path(__file__).with_name("parts.json")
_BINARIES = Path(__file__).parents[2] / "native" / "bin"
_REGISTRIES = {"maven": "Maven Central", "pypi": "PyPI", "debian": "Debian"}


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(_Model):
    """A file inside an archive: its path there, its name in the bundle, its SHA-256."""

    path: str
    file: str
    sha256: str


class Part(_Model):
    """An archive of a registry. `folder` is a Debian package's place in the archive's pool."""

    registry: Literal["maven", "pypi", "debian"]
    package: str
    version: str
    file: str
    folder: str = ""
    bytes: int
    sha256: str
    members: tuple[Member, ...]

    @property
    def origin(self) -> str:
        """For people: where it comes from, by public names."""
        return f"{_REGISTRIES[self.registry]} {self.package} {self.version}"


class Recipe(_Model):
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


class Parts(_Model):
    """The whole list."""

    parts: dict[str, Part]
    bundles: dict[str, Recipe]

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

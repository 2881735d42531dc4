"""An archive of a registry, and the files that are taken out of it, each by its hash."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

_REGISTRIES = {
    "maven": "Maven Central",
    "google": "Google's Maven",
    "pypi": "PyPI",
    "debian": "Debian",
    "npm": "npm",
}


class StrictModel(BaseModel):
    """A record of a parts list: no unknown key, never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Member(StrictModel):
    """A file inside an archive: its path there, its name in the bundle, its SHA-256."""

    path: str
    file: str
    sha256: str


class Part(StrictModel):
    """An archive of a registry. `folder` is a Debian package's place in the archive's pool."""

    registry: Literal["maven", "google", "pypi", "debian", "npm"]
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

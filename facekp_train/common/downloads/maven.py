"""Where Maven's artifacts come from by the user's own settings.

https://maven.apache.org/settings.html
"""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

CENTRAL = "https://repo.maven.apache.org/maven2"
GOOGLE = "https://maven.google.com"
"""What Google publishes for Android, but not on Maven Central."""
GOOGLE_PROFILE = (
    "<profile><id>google</id><repositories><repository><id>google</id>"
    f"<url>{GOOGLE}</url></repository></repositories></profile>"
)
"""For the user's settings; another address in it is heeded."""


@dataclass(frozen=True)
class Repository:
    """An address to fetch from, and the value of an Authorization header where one is needed."""

    url: str
    authorization: str | None = None


def artifact_path(package: str, version: str, file: str) -> str:
    """Where a repository keeps a file of `group:artifact`."""
    group, artifact = package.split(":")
    return f"{group.replace('.', '/')}/{artifact}/{version}/{file}"


def local_repository() -> Path:
    """What Maven has fetched before lies here."""
    for settings in _settings():
        if text := _text(settings, "localRepository"):
            return Path(text)
    return Path.home() / ".m2" / "repository"


def central() -> Repository:
    """Maven Central, or what the user's settings put in its place.

    $FACEKP_MAVEN, an address, goes before the settings' mirrors. Raises ValueError where the settings
    cannot be read.
    """
    if url := os.environ.get("FACEKP_MAVEN"):
        return Repository(url.rstrip("/"))
    return _mirror("central") or Repository(CENTRAL)


def google() -> Repository:
    """Google's repository: what the settings put in its place, or a profile's of the id `google`.

    $FACEKP_GOOGLE_MAVEN, an address, goes before both. Raises ValueError where the settings cannot be read.
    """
    if url := os.environ.get("FACEKP_GOOGLE_MAVEN"):
        return Repository(url.rstrip("/"))
    if mirror := _mirror("google"):
        return mirror
    settings = _settings()
    for document in settings:
        for repository in document.iter("repository"):
            if _text(repository, "id") == "google" and (url := _text(repository, "url")):
                return Repository(url.rstrip("/"), _authorization(settings, "google"))
    return Repository(GOOGLE)


def _mirror(name: str) -> Repository | None:
    """What the settings put in the place of a repository."""
    settings = _settings()
    for document in settings:
        for mirror in document.iter("mirror"):
            url = _text(mirror, "url")
            if url and _stands_for(name, _text(mirror, "mirrorOf")) and _text(mirror, "blocked") != "true":
                return Repository(url.rstrip("/"), _authorization(settings, _text(mirror, "id")))
    return None


def _stands_for(name: str, pattern: str) -> bool:
    """https://maven.apache.org/guides/mini/guide-mirror-settings.html"""
    words = [word.strip() for word in pattern.split(",")]
    return f"!{name}" not in words and any(word in ("*", "external:*", name) for word in words)


def _authorization(settings: list[ElementTree.Element], identity: str) -> str | None:
    for document in settings:
        for server in document.iter("server"):
            name, password = _text(server, "username"), _text(server, "password")
            # A password in braces is encrypted; Maven alone can read it.
            if _text(server, "id") == identity and name and not password.startswith("{"):
                return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
    return None


def _settings() -> list[ElementTree.Element]:
    """The user's settings, then the installation's."""
    homes = [os.environ.get("MAVEN_HOME"), os.environ.get("M2_HOME"), "/usr/share/maven"]
    paths = [
        Path.home() / ".m2" / "settings.xml",
        *(Path(home) / "conf/settings.xml" for home in homes if home),
    ]
    documents = []
    for path in paths:
        if not path.is_file():
            continue
        try:
            document = ElementTree.fromstring(path.read_bytes())
        except (ElementTree.ParseError, OSError) as error:
            raise ValueError(f"{path} cannot be read ({error}); correct it or move it away") from None
        for element in document.iter():
            element.tag = element.tag.rpartition("}")[2]  # with or without a namespace
        documents.append(document)
    return documents


def _text(element: ElementTree.Element, tag: str) -> str:
    """The text of a child, "" where there is none; ${env.NAME} and ${user.home} are filled in."""
    text = (element.findtext(tag) or "").strip()
    text = text.replace("${user.home}", str(Path.home()))
    return re.sub(r"\$\{env\.(\w+)\}", lambda match: os.environ.get(match[1], ""), text)

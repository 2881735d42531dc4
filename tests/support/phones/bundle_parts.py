"""Registries in miniature: an AAR, a wheel and a Debian package of a few bytes, served on this machine."""

from __future__ import annotations

import hashlib
import io
import struct
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from android_bench.phone.bundles.parts import BundleSpec, Parts
from facekp_train.common.downloads.parts import Member, Part


def elf(*alignments: int, salt: bytes = b"") -> bytes:
    """An ELF file of nothing but a program header for each alignment."""
    head = (
        b"\x7fELF\x02\x01"
        + bytes(10)
        + struct.pack("<HHIQQQIHHHHHH", 3, 183, 1, 0, 64, 0, 0, 64, 56, len(alignments), 0, 0, 0)
    )
    return head + b"".join(struct.pack("<II6Q", 1, 5, 0, 0, 0, 0, 0, a) for a in alignments) + salt


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip archive, as AARs and wheels are."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def debian(files: dict[str, bytes], compression: str = "xz") -> bytes:
    """A Debian package: an `ar` archive with a tar of the files in it."""
    stream = io.BytesIO()
    mode: Any = f"w:{compression}"
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": b"odd",
        f"data.tar.{compression}": stream.getvalue(),
    }
    text = b"!<arch>\n"
    for name, content in members.items():
        text += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
        text += content + b"\n" * (len(content) % 2)
    return text


def wheel(name: str, version: str, files: dict[str, bytes]) -> bytes:
    """A wheel that pip takes."""
    info = f"{name}-{version}.dist-info"
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
    tags = b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-manylinux_2_27_aarch64\n"
    return zipped({**files, f"{info}/METADATA": text, f"{info}/WHEEL": tags, f"{info}/RECORD": b""})


@dataclass
class Miniature:
    """A list of parts and, by their addresses at a server, the archives."""

    parts: Parts
    served: dict[str, bytes]

    @property
    def archives(self) -> dict[str, bytes]:
        """By file name."""
        return {path.rpartition("/")[2]: content for path, content in self.served.items()}


def _part(
    registry: Any, package: str, file: str, content: bytes, members: dict[str, bytes], folder: str = ""
) -> Part:
    digest = hashlib.sha256(content).hexdigest()
    taken = tuple(
        Member(path=path, file=path.rpartition("/")[2], sha256=hashlib.sha256(inner).hexdigest())
        for path, inner in members.items()
    )
    return Part(
        registry=registry, package=package, version="1.0", file=file, folder=folder, bytes=len(content),
        sha256=digest, members=taken,
    )  # fmt: skip


def miniature() -> Miniature:
    """`bionic` out of an AAR and a Debian package, `glibc` out of a wheel."""
    engine, library, lite = elf(65536, 4096), elf(65536, salt=b"libc"), elf(16384)
    aar = zipped({"jni/libengine.so": engine, "classes.jar": b"unused"})
    deb = debian({"./lib/libc.so.6": library})
    whl = wheel("tiny_engine", "1.0", {"tiny_engine/liblite.so": lite})
    name = "tiny_engine-1.0-cp311-cp311-manylinux_2_27_aarch64.whl"
    parts = Parts(
        parts={
            "engine": _part(
                "maven", "org.example:engine", "engine-1.0.aar", aar, {"jni/libengine.so": engine}
            ),
            "libc": _part(
                "debian", "libc", "libc_1.0_arm64.deb", deb, {"./lib/libc.so.6": library}, "pool/main/libc"
            ),
            "tiny-engine": _part("pypi", "tiny-engine", name, whl, {"tiny_engine/liblite.so": lite}),
        },
        bundles={
            "bionic": BundleSpec(
                runner="facekp_runner_bionic", command=("./facekp_runner_bionic",), engine="./libengine.so",
                gpu_library=None, parts=("engine", "libc"),
            ),
            "glibc": BundleSpec(
                runner="facekp_runner_glibc", command=("./facekp_runner_glibc",), engine="./liblite.so",
                gpu_library=None, parts=("tiny-engine",),
            ),
        },
    )  # fmt: skip
    served = {
        "/maven/org/example/engine/1.0/engine-1.0.aar": aar,
        "/debian/pool/main/libc/libc_1.0_arm64.deb": deb,
        f"/wheels/{name}": whl,
    }
    return Miniature(parts, served)


@dataclass
class Server:
    """What a registry on this machine serves, and what it was asked for."""

    files: dict[str, bytes]
    url: str = ""
    asked: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    silent: threading.Event = field(default_factory=threading.Event)
    """Set: an answer never comes."""


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Server]:
    """A registry until the end of the block."""
    server = Server(files)
    done = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.asked.append(self.path)
            server.authorizations.append(self.headers["Authorization"])
            if server.silent.is_set():
                done.wait(30)
            content = server.files.get(self.path)
            if target := server.redirects.get(self.path):
                self.send_response(302)
                self.send_header("Location", target)
            else:
                self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        server.url = f"http://127.0.0.1:{web.server_port}"
        threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield server
        finally:
            done.set()
            web.shutdown()


def put(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files into a folder, made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder

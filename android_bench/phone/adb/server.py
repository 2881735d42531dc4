"""The adb server: where it listens, and which version it is, asked directly and with a bounded wait.

The client would end a server of another version without asking, and with it whatever another program
(an IDE, another session) is doing there. So its version is asked first, in the server's own protocol:
https://android.googlesource.com/platform/packages/modules/adb/+/refs/heads/main/docs/dev/protocol.md
"""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass

from facekp_train.common.console import UserError

DEFAULT_PORT = 5037
_LAST_PORT = 65535


@dataclass(frozen=True)
class Server:
    """An address as adb writes it: tcp:HOST:PORT, localfilesystem:PATH, or another kind."""

    address: str

    @classmethod
    def parse(cls, text: str) -> Server:
        """HOST:PORT, HOST or adb's own notation. Raises ValueError for anything else."""
        if _is_notation(text):
            return cls(text)
        match = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[\w.-]+)(?::(\d{1,5}))?", text)
        if match is None or int(match[2] or DEFAULT_PORT) > _LAST_PORT:
            raise ValueError(f"'{text}' is not HOST:PORT")
        # The client starts a server at "localhost" and refuses to at 127.0.0.1.
        host = "localhost" if match[1] == "127.0.0.1" else match[1]
        return cls(f"tcp:{host}:{match[2] or DEFAULT_PORT}")

    @classmethod
    def from_environment(cls) -> Server:
        """The one that the client takes unless told otherwise. Raises UserError for a garbled address."""
        if address := os.environ.get("ADB_SERVER_SOCKET"):
            if not _is_notation(address):
                raise UserError(
                    f"ADB_SERVER_SOCKET is '{address}', which is not tcp:HOST:PORT; correct it or unset it"
                )
            return cls(address)
        host = os.environ.get("ANDROID_ADB_SERVER_ADDRESS", "localhost")
        port = os.environ.get("ANDROID_ADB_SERVER_PORT", str(DEFAULT_PORT))
        if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > _LAST_PORT:
            raise UserError(
                f"ANDROID_ADB_SERVER_PORT is '{port[:60]}', which is not the number of a port; correct it or "
                "unset it"
            )
        return cls(f"tcp:{host}:{port}")

    @property
    def remote(self) -> bool:
        """On another machine, where no client can start it."""
        kind, _, rest = self.address.partition(":")
        host = rest.rpartition(":")[0].strip("[]")
        return kind == "tcp" and host not in ("", "localhost", "127.0.0.1", "::1")

    def version(self, timeout: float) -> int | None:
        """Its protocol's version (41 for adb 29 to 36); None where none is running.

        timeout: seconds. Raises UserError where something listens there that does not answer as adb.
        """
        try:
            with self._connection(timeout) as connection:
                connection.sendall(b"000chost:version")
                # "OKAY", the length in four hex digits, the version in as many.
                reply = b""
                while len(reply) < 12 and (part := connection.recv(12 - len(reply))):
                    reply += part
        except TimeoutError:
            raise UserError(
                f"the adb server at {self.address} does not answer within {timeout:g} s; stop it with 'adb "
                "kill-server' and try again"
            ) from None
        except OSError:
            return None
        if not re.fullmatch(rb"OKAY0004[0-9a-fA-F]{4}", reply):
            raise UserError(
                f"what listens at {self.address} is not an adb server; choose another --adb-server"
            )
        return int(reply[8:], 16)

    def _connection(self, timeout: float) -> socket.socket:
        kind, _, rest = self.address.partition(":")
        if kind == "tcp":
            host, _, port = rest.rpartition(":")
            return socket.create_connection((host.strip("[]") or "localhost", int(port)), timeout)
        path = rest if kind == "localfilesystem" else f"\0{rest}"
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(timeout)
        try:
            connection.connect(path)
        except OSError:
            connection.close()
            raise
        return connection


def _is_notation(text: str) -> bool:
    """Whether that is an address as adb itself writes it."""
    match = re.fullmatch(r"tcp:(?:.+:)?(\d{1,5})|local(?:filesystem|abstract):.+", text)
    return match is not None and int(match[1] or 0) <= _LAST_PORT

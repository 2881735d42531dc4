"""One file over HTTP(S), through the proxies of the environment: bounded in size and time as a whole.

A server that is no server, that sends a byte a second or never stops costs a sentence.
"""

from __future__ import annotations

import http.client
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

_BLOCK = 1 << 20


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """What was asked for by HTTPS comes by HTTPS."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: object, newurl: str
    ) -> urllib.request.Request | None:
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            raise ValueError(f"{req.full_url}: leads to {newurl}, which is not HTTPS")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def transfer(
    url: str,
    target: Path,
    *,
    most_bytes: int,
    answer_seconds: float,
    whole_seconds: float,
    authorization: str | None = None,
) -> int | None:
    """Fetch a file. Where more comes than `most_bytes`, one byte more is written, and no further.

    Args:
        url: its address.
        target: where to write it.
        most_bytes: the largest that it may be.
        answer_seconds: for the server to answer, and for each of its blocks.
        whole_seconds: for all of it.
        authorization: the header of that name, which no other server gets.

    Returns:
        The length that the server states, where it states one.

    Raises:
        ValueError, OSError: where it cannot be had, in one sentence.
    """
    request = _request(url, authorization)
    failed: list[BaseException] = []
    stated: list[int | None] = []
    until = time.monotonic() + whole_seconds

    def work() -> None:
        try:
            stated.append(_fetched(request, target, most_bytes, answer_seconds, until))
        except BaseException as error:  # handed to the caller
            failed.append(error)

    # Its headers alone may take for ever, and no limit of a socket's counts the whole.
    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(whole_seconds + answer_seconds)
    if worker.is_alive():
        raise ValueError(f"{url}: it takes longer than {whole_seconds:.0f} seconds")
    if failed:
        raise _in_words(url, failed[0]) from None
    return stated[0]


def _request(url: str, authorization: str | None) -> urllib.request.Request:
    if urlsplit(url).scheme not in ("http", "https") or any(c.isspace() or not c.isprintable() for c in url):
        raise ValueError(f"{url!r} is no address of a file on the web")
    request = urllib.request.Request(url, headers={"User-Agent": "facekp-bench"})
    if authorization is not None:
        request.add_unredirected_header("Authorization", authorization)
    return request


def _fetched(
    request: urllib.request.Request, target: Path, most_bytes: int, answer_seconds: float, until: float
) -> int | None:
    opener = urllib.request.build_opener(_NoDowngrade)
    with opener.open(request, timeout=answer_seconds) as answer, target.open("wb") as stream:
        left = most_bytes + 1
        while left > 0 and (block := answer.read1(min(left, _BLOCK))):
            if time.monotonic() > until:
                raise TimeoutError("it is sent too slowly")
            stream.write(block)
            left -= len(block)
        length = str(answer.headers.get("Content-Length") or "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else None


def _in_words(url: str, error: BaseException) -> BaseException:
    if isinstance(error, urllib.error.HTTPError):
        return ValueError(f"{url}: HTTP {error.code} {error.reason}")
    if isinstance(error, urllib.error.URLError):
        return ValueError(f"{url}: {error.reason}")
    if isinstance(error, http.client.HTTPException):
        # What a server that is none has said may be long, and holds whatever it likes.
        return ValueError(f"{url}: the connection broke off or speaks no HTTP ({type(error).__name__})")
    return error

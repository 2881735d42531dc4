"""facekp-bench serve: an export's page in a browser, of this computer or of a phone."""

from __future__ import annotations

import threading
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from android_bench.commands.phone_options import parse_server
from facekp_export.web import FOLDER
from facekp_train.common.completion import completed
from facekp_train.common.console import UserError, out, print_line, say
from facekp_train.common.feedback.idle import needs, on_line
from facekp_train.common.shipped import shipped_names

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from android_bench.records.record import Record
    from android_bench.web.server import WebServer

_POLL_SECONDS = 0.5


def serve(
    context: typer.Context,
    export: Annotated[
        Path, typer.Argument(help="Export folder with a folder web in it, or that folder itself.")
    ],
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on. Default: a free one.")] = 0,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any other than this one lets the network in.")
    ] = "127.0.0.1",
    device: Annotated[
        str | None,
        typer.Option(
            help="Device, adb: open the page on the connected phone. Default: nowhere.",
            autocompletion=completed(lambda: ("adb",)),
        ),
    ] = None,
    serial: Annotated[
        str | None, typer.Option(help="Phone: its serial or HOST:PORT. Default: the only one.")
    ] = None,
    adb: Annotated[str | None, typer.Option(help="Phone: the adb program. Default: the one in PATH.")] = None,
    adb_server: Annotated[str | None, typer.Option(help="Phone: HOST:PORT of the adb server.")] = None,
    benchmark: Annotated[
        bool, typer.Option("--benchmark", help="Have the page measure at once, and end with its document.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--out", help="With --benchmark: write the document to this file.")
    ] = None,
) -> None:
    """Serve the page of facekp-export --to web, here or to a phone.

    To this computer alone, until Ctrl-C; with --device adb also to the phone that is plugged in. The
    headers that it sends let the page compute with several threads, which a plain host may not.
    """
    from android_bench.reports.delivery import check_targets, write_files
    from android_bench.reports.tables import terminal
    from android_bench.web.server import WebServer
    from facekp_train.common.locks import alone_with

    if device not in (None, "adb"):
        raise typer.BadParameter(f"'{device}' is not adb", param_hint="--device")
    needs(context, "--device adb", device, "serial", "adb", "adb_server")
    if device and on_line(context, "host"):
        raise typer.BadParameter(
            "the cable of --device adb leads to this computer alone; leave this out", param_hint="--host"
        )
    needs(context, "--benchmark", benchmark, "output")
    check_targets(output)
    with ExitStack() as stack:
        stack.enter_context(alone_with(output))
        server = stack.enter_context(_listening(WebServer, _page_of(export), host, port, benchmark))
        address = f"{server.url}?benchmark" if benchmark else server.url
        say(f"{address} shows {server.root}; Ctrl-C ends")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        stack.enter_context(_on_phone(device, serial, adb, adb_server, server.port, address))
        try:
            records = _wait(server)
        except KeyboardInterrupt:
            if benchmark:
                raise
            return
        if write_files(records, {"json": output}):
            raise UserError(f"{output} cannot be written")
    out.print(terminal(records, out.width))


def _page_of(export: Path) -> Path:
    for folder in (export / FOLDER, export):
        if (folder / "index.html").is_file():
            return folder
    if export.exists():
        raise UserError(f"{export} has no page to serve; make it with: facekp-export --to web --out {export}")
    if (name := str(export)) in shipped_names():
        raise UserError(
            f"the shipped model {name} has no page; make one with: facekp-export --to web --model {name}, "
            f"and serve exports/{name}"
        )
    raise UserError(
        f"{export} does not exist; give an export's folder, or make one with its page: facekp-export "
        f"--to web --model MODEL --out {export}"
    )


def _listening(kind: type[WebServer], page: Path, host: str, port: int, waits: bool) -> WebServer:
    try:
        return kind(page, host, port, waits=waits)
    except OSError as error:
        why = error.strerror or error
        raise UserError(
            f"{host} port {port} cannot be listened on ({why}); choose another with --port"
        ) from None


def _on_phone(
    device: str | None, serial: str | None, adb: str | None, server: str | None, port: int, address: str
) -> AbstractContextManager[None]:
    if device is None:
        return nullcontext()
    from android_bench.phone.adb.adb import Adb
    from android_bench.phone.adb.find import find_phones
    from android_bench.web.phone import opened

    (phone, *_) = find_phones(Adb(adb, parse_server(server)), [serial] if serial else [])
    print_line(f"opening {address} on {phone.serial}")
    return opened(phone, port, address)


def _wait(server: WebServer) -> list[Record]:
    """Until a document comes, or Ctrl-C."""
    while not server.arrived.wait(_POLL_SECONDS):
        pass
    return server.records or []

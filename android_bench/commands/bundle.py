"""facekp-bench bundle: what is pushed to a phone, assembled and listed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekp_train.common.console import out, print_json, print_line

if TYPE_CHECKING:
    from android_bench.phone.bundles.bundle import Bundle


def bundle(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]...", help="Runner: bionic, glibc or onnxruntime; repeatable. Default: all."
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Folder with the archives, for a computer that reaches no registry."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Assemble the runners for phones, and list what is in them.

    They go into the cache. Archives are downloaded by your Maven, pip and apt settings and must have the
    recorded hashes. bionic: TensorFlow Lite for phones with memory pages of 4 KB (CPU, GPU, NNAPI).
    glibc: LiteRT for all others (CPU). onnxruntime: ONNX files (CPU).
    """
    from android_bench.phone.bundles import bundle as bundles

    for name in names or ():
        if name not in bundles.NAMES:
            raise typer.BadParameter(f"'{name}' is not one of {', '.join(bundles.NAMES)}", param_hint="NAME")
    made = [bundles.bundle(name, source) for name in dict.fromkeys(names or bundles.NAMES)]
    if as_json:
        print_json([asdict(each) | {"folder": str(each.folder)} for each in made])
        return
    for each in made:
        _show(each)


def _show(each: Bundle) -> None:
    from rich.table import Table

    print_line(f"{each.name}: {each.folder}")
    print_line(f"  runs {' '.join(each.command)}")
    out.print(f"  for memory pages of up to {each.page_alignment // 1024} KB")
    table = Table("file", "from", "bytes", "sha256", box=None, pad_edge=False)
    for file, digest in each.files.items():
        size = (each.folder / file).stat().st_size
        # The start of a hash is enough to compare by eye; --json has all of it.
        table.add_row(f"  {file}", each.origins[file], f"{size}", digest[:16])
    out.print(table)

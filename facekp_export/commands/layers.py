"""`facekp-export layers`: which layers of a checkpoint cost an int8 file its error."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from facekp_export.commands.options import opened
from facekp_train.common.console import out, print_json, require
from facekp_train.common.feedback.idle import needs
from facekp_train.common.model_option import checkpoint_argument
from facekp_train.common.run_files import refuse_other_than_checkpoints

_SHOWN = 15


def layers(
    context: typer.Context,
    model: Annotated[
        Path | None,
        checkpoint_argument("Checkpoint, .safetensors. Default: mdp-0.25x."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Faces to measure on, FORMAT:PATH or FORMAT:PATH@LIST. Default: the demo photo."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Faces of --data to read, spread over it. Default: all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every layer as JSON on stdout.")] = False,
) -> None:
    """Show which layers cost most when a checkpoint becomes int8.

    Each is rounded alone; the cost is in pixels of the crop. Where int8 costs too much, train the net on
    with facekp-train quantize-aware.
    """
    from facekp_train.common.shipped import default_checkpoint

    model = model or default_checkpoint()
    refuse_other_than_checkpoints(model)
    needs(context, "--data", data, "limit")
    faces = None if data is None else opened(data, limit)
    require("export", "torch", "safetensors")
    from facekp_export.quantization.calibration import crop_sets
    from facekp_export.quantization.layer_errors import layer_errors
    from facekp_train.landmarks import meaning
    from facekp_train.networks.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(model)
    with meaning(checkpoint.header.scheme):
        sets = crop_sets(faces, checkpoint.header.crop_rule)
    errors = layer_errors(checkpoint.net, sets.verification)
    if as_json:
        print_json({"model": checkpoint.header.name, "images": sets.source, **asdict(errors)})
        return
    from rich.table import Table

    table = Table(title=f"{checkpoint.header.name}: keypoints' move in int8, {errors.crops} {sets.source}")
    table.add_column("rounded alone")
    table.add_column("mean px", justify="right")
    for entry in errors.layers[:_SHOWN]:
        table.add_row(entry.layer, f"{entry.mean_px:.3f}")
    table.add_row("all layers together", f"{errors.together_px:.3f}")
    out.print(table)

"""`facekp-train run`: the whole method from one file."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Annotated

import typer

from facekp_train.commands import options as option
from facekp_train.common.console import print_json, print_line, require, warn


def run_all(
    pipeline: Annotated[
        Path, typer.Argument(help="YAML with the sections shared, teacher, student, distill, prune.")
    ],
    folder: Annotated[
        Path | None, typer.Option("--out", help="The run's folder. Default: runs/NAME, the pipeline's name.")
    ] = None,
    limit: option.Limit = None,
    accelerator: option.Accelerator = "cpu",
    devices: option.Devices = 1,
    latency: Annotated[bool, typer.Option(help="Export and time every stage's net on this machine.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print every stage's figures as JSON.")] = False,
) -> None:
    """Teacher, student, distillation, pruning from one file.

    Each stage can be resumed. Run the same command again to continue after an interruption; finished
    stages are skipped. Under torchrun, leave --devices out.
    Example: facekp-train run models/pipeline.yaml --out runs/mdp
    """
    require("train", "yaml")
    from facekp_train.commands.inputs import check_folder, check_named
    from facekp_train.common.recipes import read_pipeline

    with option.wrong_usage():
        check_named(read_pipeline(pipeline))
    check_folder(folder)
    option.require_training()
    from facekp_train.commands.kept import files_kept, told_when_interrupted
    from facekp_train.commands.progress import FitProgress
    from facekp_train.common.run_files import STATE_FILE
    from facekp_train.pipeline.report import NO_ERRORS
    from facekp_train.pipeline.run import run_pipeline
    from facekp_train.pipeline.settings import load_pipeline
    from facekp_train.training.launch import launch

    with option.wrong_usage():
        settings = load_pipeline(pipeline, limit=limit)
    folder = folder or Path("runs") / settings.name
    shared = settings.recipe(settings.student)
    if not shared.validation:
        warn(NO_ERRORS)
    fabric = launch(accelerator, devices, shared.precision)
    begun = functools.partial(files_kept, folder, STATE_FILE, "trainings that are finished or begun")
    with told_when_interrupted(folder, begun), FitProgress() as bar:
        stages = list(run_pipeline(settings, folder, fabric, latency=latency, watch=bar))
    if not fabric.is_global_zero:
        return
    if as_json:
        rows = [{"stage": stage.name, **figures} for stage, figures in stages]
        print_json({"run": settings.name, "stages": rows})
    else:
        print_line(str(folder / "report.md"))

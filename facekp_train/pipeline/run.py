"""A whole run: every stage made, measured and reported as soon as it is finished."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from facekp_train.common.console import say
from facekp_train.pipeline.figures import stage_figures
from facekp_train.pipeline.report import write_report
from facekp_train.pipeline.settings import Pipeline
from facekp_train.pipeline.stages import Stage, run_stages
from facekp_train.training.log import Watch, unwatched


def run_pipeline(
    pipeline: Pipeline,
    folder: Path,
    fabric: Fabric,
    *,
    latency: bool = True,
    watch: Watch = unwatched,
) -> Iterator[tuple[Stage, dict[str, Any]]]:
    """Every stage with its figures (`facekp_train.pipeline.figures`), after the report has them too.

    latency: export and time every stage's net, unless the pipeline says not to. Of several processes
    the first alone measures and yields. Raises as `facekp_train.pipeline.stages.run_stages`.
    """
    shared = pipeline.recipe(pipeline.student)
    measured: list[tuple[Stage, dict[str, Any]]] = []
    for stage in run_stages(pipeline, folder, fabric, watch):
        if not fabric.is_global_zero:
            continue
        figures = stage_figures(stage, folder / stage.name, shared, latency and pipeline.latency)
        measured.append((stage, figures))
        report = write_report(folder, pipeline.name, measured)
        say(f"{stage.name} is finished: {report}")
        yield stage, figures

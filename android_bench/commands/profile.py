"""`facekp-bench profile`: where the time of a model file goes, operator by operator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from android_bench.defaults import MOST_RUNS, TIMEOUT_SECONDS
from facekp_train.common.console import UserError, err, out, print_json, say, warn
from facekp_train.common.files import refuse_streams
from facekp_train.common.model_option import export_argument


def profile(
    model: Annotated[Path | None, export_argument("File, .tflite. Default: mdp-0.25x.")] = None,
    *,
    rounds: Annotated[int, typer.Option(min=1, max=MOST_RUNS, help="Rounds over all operators.")] = 10,
    plot: Annotated[
        Path | None, typer.Option(help="Also draw the operators to this file, .png, .svg or .pdf.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document instead of the tables.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds to wait for a round before giving up.")
    ] = TIMEOUT_SECONDS,
) -> None:
    """Time a .tflite file operator by operator.

    In ms, GMAC/s and share of this machine's peak. The file is cut after each operator; the difference of
    neighbors, timed in turns, is the operator's time. One thread, CPU time. Foreign files are taken too.
    """
    from rich.progress import Progress

    from android_bench.profiling.picture import plot as draw
    from android_bench.profiling.profile import profile_model
    from android_bench.profiling.tables import remarks, terminal
    from android_bench.reports.delivery import check_targets
    from android_bench.reports.plot import check_plot
    from facekp_train.common.shipped import default_model

    if plot is not None:
        check_plot(plot)
        check_targets(plot, sources=[model or default_model()])
    if model is not None:
        refuse_streams(model)
    try:
        with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
            task = bar.add_task("operators", total=1.0)
            made = profile_model(
                model or default_model(), rounds, timeout, lambda share: bar.update(task, completed=share)
            )
    except ValueError as error:
        raise UserError(str(error)) from None
    if as_json:
        print_json(made.document())
        for line in remarks(made)[2:]:
            warn(line.removeprefix("warning: "))
    else:
        out.print(terminal(made))
    if plot is not None:
        draw(plot, made)
        say(f"wrote {plot}")

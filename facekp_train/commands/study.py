"""`facekp-train study`: the paper's tables 3 and 4 and figures 4 to 6 on one's own data."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from facekp_train.commands import options as option
from facekp_train.common.console import UserError, print_json, print_line, say


class StudyName(str, Enum):
    """A table or figure of the paper, or all of them."""

    heatmap = "heatmap"
    distillation = "distillation"
    lambda_rh = "lambda-rh"
    lambda_dp = "lambda-dp"
    rates = "rates"
    all = "all"


class BudgetName(str, Enum):
    """How much to spend."""

    small = "small"
    full = "full"


_NAME = "Study: heatmap, distillation (tables 3, 4), lambda-rh, lambda-dp, rates (figures 4, 5, 6), or all."
_BUDGET = (
    "Budget: small, 2,000 images, 8 epochs, half width, ResNet-50 on one fold; full, the paper's 60 epochs."
)
_CLUSTER = "Run on a Ray cluster: auto, HOST:6379, ray://HOST:10001; local starts Ray on this machine."
_WORKERS = "Cells trained at a time. Default: 1; on a cluster, one for each machine."
_WORK = "Folder of the cells' training runs, shared by all studies. Default: OUT/cells."


def study(
    name: Annotated[StudyName, typer.Argument(help=_NAME)],
    *,
    data: option.Data = [],  # noqa: B006 - typer's way to repeat
    split: option.Split = None,
    folds: Annotated[int, typer.Option(min=2, max=20, help="Folds of the cross-validation.")] = 3,
    out: Annotated[Path, typer.Option(help="Folder for the reports, one for each study.")] = Path(
        "runs/studies"
    ),
    work: Annotated[Path | None, typer.Option(help=_WORK)] = None,
    budget: Annotated[BudgetName, typer.Option(help=_BUDGET)] = BudgetName.small,
    limit: Annotated[
        int | None, typer.Option(min=4, help="Images to use, drawn at random. Default: the budget's number.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the faces. Default: the budget's.")] = None,
    backbones: Annotated[
        str, typer.Option(help="Backbones to train and to teach; without resnet-50 it takes less time.")
    ] = "mobilenet-v2,resnet-50",
    resnet_folds: Annotated[
        int | None, typer.Option(min=1, help="Folds for ResNet-50's rows. Default: as the budget says.")
    ] = None,
    settings: option.Settings = [],  # noqa: B006
    seed: Annotated[int, typer.Option(help="Random seed of folds, weights and order.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help=_WORKERS)] = None,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help=_CLUSTER)] = None,
    accelerator: option.Accelerator = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
) -> None:
    """Train and compare the paper's methods in cross-validation: means, tests, paired changes, plots.

    Every method on a fold is a cell. Finished cells are kept; run the same command again to continue.
    Example: facekp-train study heatmap --data mtfl:PATH --folds 3 --workers 2
    """
    option.require_training()
    if not data:
        raise typer.BadParameter("give the faces with --data FORMAT:PATH")
    chosen = {word.strip() for word in backbones.split(",")}
    if "mobilenet-v2" not in chosen or chosen - {"mobilenet-v2", "resnet-50"}:
        raise typer.BadParameter("--backbones takes mobilenet-v2 or mobilenet-v2,resnet-50")
    from facekp_train.studies.cells import CellPlan, check_settings
    from facekp_train.studies.faces import FaceFolds
    from facekp_train.studies.jobs import Workers
    from facekp_train.studies.methods import chosen_spending
    from facekp_train.studies.plans import STUDIES
    from facekp_train.studies.report import write_claims
    from facekp_train.studies.run import run_study

    deep = "resnet-50" in chosen
    spending = chosen_spending(budget.value, epochs, resnet_folds, deep)
    folds_of_faces = FaceFolds(tuple(data), split, folds, limit or spending.limit, seed)
    with option.spec_is_usage():
        faces = folds_of_faces.load()
    plan = CellPlan(
        spending, folds_of_faces, faces.fingerprint(), faces.points, tuple(settings), accelerator,
        (work or out / "cells").resolve(),
    )  # fmt: skip
    try:
        check_settings(plan)
    except UserError as error:
        raise typer.BadParameter(str(error)) from None
    pool = Workers(workers, cluster, accelerator == "gpu")
    names = list(STUDIES) if name is StudyName.all else [name.value]
    results = []
    for each in names:
        result = run_study(each, plan, out, pool, deep)
        results.append(result)
        say(f"wrote {out / each / 'report.md'}")
        if not as_json:
            print_line(result.as_markdown())
    if name is StudyName.all:
        write_claims(out / "claims.md", results)
        say(f"wrote {out / 'claims.md'}")
    if as_json:
        documents = [result.as_json(per_face=False) for result in results]
        print_json({"studies": documents} if name is StudyName.all else documents[0])

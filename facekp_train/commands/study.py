"""`facekp-train study`: the paper's tables 3 and 4 and figures 4 to 6 on one's own data."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekp_train.commands import options as option
from facekp_train.common.console import UserError, print_json, say
from facekp_train.common.console import out as stdout

if TYPE_CHECKING:
    from facekp_train.studies.cells import CellPlan
    from facekp_train.studies.faces import FaceFolds
    from facekp_train.studies.methods import Spending


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


_NAME = "heatmap, distillation (tables 3, 4), lambda-rh, lambda-dp, rates (figures 4, 5, 6), or all."
_BUDGET = "small: 2,000 images, 8 epochs, half width, ResNet-50 on one fold; full: the paper's 60 epochs."
_CLUSTER = "Run on a Ray cluster: auto, HOST:6379, ray://HOST:10001; local starts Ray on this machine."
_WORKERS = "Cells at a time (default: 1; on a cluster one for each machine)."
_WORK = "Folder of the cells' training runs, shared by all studies (default: OUT/cells)."


def study(
    name: Annotated[StudyName, typer.Argument(help=_NAME)],
    *,
    data: option.Data = [],  # noqa: B006 - typer's way to repeat
    split: option.Split = None,
    folds: Annotated[int, typer.Option(min=2, max=20, help="Folds of the cross-validation.")] = 3,
    out: Annotated[Path, typer.Option(help="Folder for a report for each study.")] = Path("runs/studies"),
    work: Annotated[Path | None, typer.Option(help=_WORK)] = None,
    budget: Annotated[BudgetName, typer.Option(help=_BUDGET)] = BudgetName.small,
    limit: Annotated[int | None, typer.Option(min=4, help="Images, drawn by chance.")] = None,
    epochs: option.Epochs = None,
    backbones: Annotated[
        str, typer.Option(help="Leave resnet-50 out to save time, as a teacher too.")
    ] = "mobilenet-v2,resnet-50",
    resnet_folds: Annotated[int | None, typer.Option(min=1, help="Folds for ResNet-50's rows.")] = None,
    settings: option.Settings = [],  # noqa: B006
    seed: Annotated[int, typer.Option(help="Decides folds, weights and order.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help=_WORKERS)] = None,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help=_CLUSTER)] = None,
    accelerator: option.Accelerator = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
) -> None:
    """Train and compare the paper's methods in cross-validation: means, tests, paired changes, plots.

    Every method on a fold is a cell. What is finished is kept: the same line again goes on.
    Example: facekp-train study heatmap --data mtfl:PATH --folds 3 --workers 2
    """
    option.require_training()
    if not data:
        raise typer.BadParameter("name the faces by --data FORMAT:PATH")
    chosen = {word.strip() for word in backbones.split(",")}
    if "mobilenet-v2" not in chosen or chosen - {"mobilenet-v2", "resnet-50"}:
        raise typer.BadParameter("--backbones takes mobilenet-v2 or mobilenet-v2,resnet-50")
    from facekp_train.studies.faces import FaceFolds
    from facekp_train.studies.jobs import Workers
    from facekp_train.studies.plans import STUDIES
    from facekp_train.studies.report import write_claims
    from facekp_train.studies.run import run_study

    deep = "resnet-50" in chosen
    spent = _budget(budget.value, epochs, resnet_folds, deep)
    source = FaceFolds(tuple(data), split, folds, limit or spent.limit, seed)
    plan = _plan(source, spent, settings, accelerator, (work or out / "cells").resolve())
    pool = Workers(workers, cluster, accelerator == "gpu")
    names = list(STUDIES) if name is StudyName.all else [name.value]
    results = []
    for each in names:
        result = run_study(each, plan, out, pool, deep)
        results.append(result)
        say(f"wrote {out / each / 'report.md'}")
        if not as_json:
            stdout.print(result.as_markdown(), markup=False, soft_wrap=True)
    if name is StudyName.all:
        write_claims(out / "claims.md", results)
        say(f"wrote {out / 'claims.md'}")
    if as_json:
        documents = [result.as_json(per_face=False) for result in results]
        print_json({"studies": documents} if name is StudyName.all else documents[0])


def _budget(name: str, epochs: int | None, resnet_folds: int | None, deep: bool) -> Spending:
    from facekp_train.studies.methods import SPENDINGS

    chosen = SPENDINGS[name] if deep else replace(SPENDINGS[name], teacher=SPENDINGS["small"].teacher)
    if epochs is not None:
        chosen = replace(chosen, settings={**chosen.settings, "epochs": epochs})
    return chosen if resnet_folds is None else replace(chosen, resnet_folds=resnet_folds)


def _plan(
    source: FaceFolds, spending: Spending, settings: list[str], accelerator: str, work: Path
) -> CellPlan:
    """Everything that all cells share; wrong settings are named before anything is trained."""
    from facekp_train.datasets import DataError
    from facekp_train.studies.cells import DECIDED, Cell, CellPlan
    from facekp_train.studies.methods import Methods

    try:
        faces = source.load()
    except DataError as error:
        raise typer.BadParameter(str(error)) from None
    plan = CellPlan(spending, source, faces.fingerprint(), faces.points, tuple(settings), accelerator, work)
    named = {setting.partition("=")[0].strip() for setting in settings}
    if refused := sorted(named & DECIDED):
        raise typer.BadParameter(f"a study itself decides {', '.join(refused)}; leave --set {refused[0]} out")
    try:
        recipe = Cell(plan, Methods(spending).joint(), 0).recipe()
    except UserError as error:
        raise typer.BadParameter(str(error)) from None
    if not recipe.heatmap_width:
        raise typer.BadParameter("heatmap_width=0 leaves no heatmaps to study; leave it out")
    return plan

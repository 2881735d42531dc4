"""`facekp-train study`: the paper's tables 3 and 4 and figures 4 to 6 on one's own data."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facekp_train.commands import options as option
from facekp_train.commands.inputs import check_folder, check_sets
from facekp_train.common.console import UserError, print_json, print_line, require, say
from facekp_train.common.feedback.idle import needs
from facekp_train.common.files import resolved
from facekp_train.common.model_option import checkpoint_option
from facekp_train.common.run_files import refuse_other_than_checkpoints

if TYPE_CHECKING:
    from facekp_train.studies.cells import CellPlan
    from facekp_train.studies.faces import FoldedFaces
    from facekp_train.studies.run import Chosen


class StudyName(str, Enum):
    """A table or figure of the paper, or all of them."""

    heatmap = "heatmap"
    distillation = "distillation"
    pruning = "pruning"
    lambda_rh = "lambda-rh"
    lambda_dp = "lambda-dp"
    rates = "rates"
    length = "length"
    all = "all"


class BudgetName(str, Enum):
    """How much to spend."""

    small = "small"
    full = "full"


_NAME = (
    "Study: heatmap, distillation (tables 3, 4), lambda-rh, lambda-dp, rates (figures 4, 5, 6), pruning (how "
    "filters go), length (cost by length of retraining), or all."
)
_BUDGET = (
    "Budget: small, 3,000 images in crops of 64 pixels, 40 epochs and 20 for what goes on; full, the paper's "
    "60 epochs each."
)
_UNSEEN = (
    "Faces that no net learns from, on which every net is measured beside its fold; what they say decides. "
    "Repeatable."
)
_TEACHER = "Trained net that supervises. Default: a net is trained for it."
_DROP = (
    "Leave out, where time is short: 1, lambda_dp at 5; 2, also the cost at the shortest retraining; 3, "
    "also two of the four of score and repair."
)
_DRY = "Time a few steps, print what every method will cost on this machine, and train nothing."
_CLUSTER = "Run on a Ray cluster: auto, HOST:6379, ray://HOST:10001; local starts Ray on this machine."
_WORKERS = "Cells trained at a time. Default: 1; on a cluster, one for each machine."
_WORK = "Folder of the cells' training runs, shared by all studies. Default: OUT/cells."


def study(
    context: typer.Context,
    name: Annotated[StudyName, typer.Argument(help=_NAME)] = StudyName.all,
    *,
    data: option.Data = [],  # noqa: B006 - typer's way to repeat
    split: option.Split = None,
    validation: Annotated[list[str], typer.Option(help=_UNSEEN)] = [],  # noqa: B006
    validation_split: option.ValidationSplit = None,
    teacher: Annotated[Path | None, checkpoint_option(_TEACHER)] = None,
    folds: Annotated[int, typer.Option(min=2, max=20, help="Folds of the cross-validation.")] = 3,
    out: Annotated[Path, typer.Option(help="Folder for the reports, one for each study.")] = Path(
        "runs/studies"
    ),
    work: Annotated[Path | None, typer.Option(help=_WORK)] = None,
    budget: Annotated[BudgetName, typer.Option(help=_BUDGET)] = BudgetName.small,
    limit: Annotated[
        int | None, typer.Option(min=4, help="Images to use, drawn at random. Default: the budget's number.")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Epochs of a fresh net, which others follow. Default: the budget's."),
    ] = None,
    backbones: Annotated[
        str | None,
        typer.Option(
            help="Backbones to train and to teach: mobilenet-v2 or mobilenet-v2,resnet-50. "
            "Default: the budget's."
        ),
    ] = None,
    resnet_folds: Annotated[
        int | None, typer.Option(min=1, help="Folds for ResNet-50's rows. Default: as the budget says.")
    ] = None,
    drop: Annotated[int, typer.Option(min=0, max=3, help=_DROP)] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_DRY)] = False,
    settings: option.Settings = [],  # noqa: B006
    seed: Annotated[int, typer.Option(help="Random seed of folds, weights and order.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help=_WORKERS)] = None,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help=_CLUSTER)] = None,
    accelerator: option.Accelerator = "cpu",
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
) -> None:
    """Train and compare the paper's methods, cross-validated.

    Means, paired changes, verdicts and plots. Every method on a fold is a cell. Finished cells are kept;
    run the same command again to continue.
    Example: facekp-train study --data mtfl:PATH --validation mtfl:PATH --teacher MODEL --workers 2
    """
    require("train", "yaml")
    needs(context, "--validation", validation, "validation_split")
    if not data:
        raise typer.BadParameter("give the faces with --data FORMAT:PATH")
    if teacher is not None and not teacher.is_file():
        raise typer.BadParameter(f"the teacher {teacher} does not exist; train one, or name another")
    refuse_other_than_checkpoints(teacher)
    check_sets([*data, *validation])
    check_folder(out)
    check_folder(work)
    option.require_training()
    from facekp_train.commands.kept import files_kept, told_when_interrupted
    from facekp_train.studies.cells import CellPlan, check_plan
    from facekp_train.studies.conclusions import write_claims
    from facekp_train.studies.faces import FaceFolds
    from facekp_train.studies.jobs import Workers
    from facekp_train.studies.methods import chosen_spending
    from facekp_train.studies.plans import STUDIES
    from facekp_train.studies.run import Chosen, run_studies

    spending = chosen_spending(budget.value, epochs, resnet_folds, _deep(backbones))
    needs(context, "ResNet-50 in --backbones", spending.deep, "resnet_folds")
    folds_of_faces = FaceFolds(
        tuple(data), split, folds, limit or spending.limit, seed, tuple(validation), validation_split
    )
    with option.spec_is_usage():
        faces = folds_of_faces.load()
    plan = CellPlan(
        spending, folds_of_faces, faces.fingerprint(), faces.points, tuple(settings), accelerator,
        resolved(work or out / "cells"), teacher and resolved(teacher),
    )  # fmt: skip
    try:
        check_plan(plan)
    except UserError as error:
        raise typer.BadParameter(str(error)) from None
    chosen = Chosen(list(STUDIES) if name is StudyName.all else [name.value], drop, spending.deep)
    if dry_run:
        _print_costs(chosen, plan, faces, workers or 1, as_json)
        return
    kept = told_when_interrupted(
        plan.work, lambda: files_kept(plan.work, "result.json", "cells that are finished")
    )
    with kept:
        results = run_studies(chosen, plan, out, Workers(workers, cluster, accelerator == "gpu"))
    for result in results:
        say(f"wrote {out / result.study.name / 'report.md'}")
        if not as_json:
            print_line(result.as_markdown())
    if name is StudyName.all:
        write_claims(out / "claims.md", results)
        say(f"wrote {out / 'claims.md'}")
    if as_json:
        documents = [result.as_json() for result in results]
        print_json({"studies": documents} if name is StudyName.all else documents[0])


def _deep(backbones: str | None) -> bool | None:
    """Whether ResNet-50 takes part; None where the budget says."""
    if backbones is None:
        return None
    chosen = {word.strip() for word in backbones.split(",")}
    if "mobilenet-v2" not in chosen or chosen - {"mobilenet-v2", "resnet-50"}:
        raise typer.BadParameter("--backbones takes mobilenet-v2 or mobilenet-v2,resnet-50")
    return "resnet-50" in chosen


def _print_costs(chosen: Chosen, plan: CellPlan, faces: FoldedFaces, workers: int, as_json: bool) -> None:
    from facekp_train.studies.estimate import estimate
    from facekp_train.studies.run import cells_of

    costs = estimate(cells_of(chosen.studies(plan), plan), faces)
    hours = sum(cost.hours for cost in costs)
    if as_json:
        print_json({"methods": [vars(cost) for cost in costs], "core_hours": hours, "hours": hours / workers})
        return
    for cost in costs:
        speed = "" if cost.faces_per_second is None else f", {cost.faces_per_second:.0f} faces/s"
        print_line(
            f"{cost.name}: {cost.folds} folds, {cost.epochs} epochs{speed}, {cost.hours:.2f} h of a core"
        )
    print_line(
        f"in all {hours:.1f} h of a core, {hours / workers:.1f} h with --workers {workers} on as many cores"
    )
    allowed = plan.spending.hours
    if allowed is not None and hours / 2 > allowed:
        print_line(f"more than {allowed:g} h of two cores: leave something out with --drop, or use --limit")

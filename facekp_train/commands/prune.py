"""`facekp-train prune`: layer by layer, last to first, with retraining by loss_t after each step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import typer

from facekp_train.commands import options as option
from facekp_train.common.console import print_json, require, say
from facekp_train.common.files import resolved
from facekp_train.common.model_option import checkpoint_option
from facekp_train.common.run_files import BEST_FILE, PLAN_FILE, STATE_FILE, WEIGHT_FILES
from facekp_train.pruning.choices import Repair, Scope, Score

PruneTeacher = Literal["student", "teacher"]
_PRUNE_TEACHER = (
    "Who supervises the retraining: student, the net that is pruned, as it was (the paper's figure 2); "
    "teacher, the one of --teacher."
)


@dataclass(frozen=True, kw_only=True)
class PruneOptions(option.TrainingOptions):
    """The shared options, of the retraining after each step."""

    out: Annotated[Path, typer.Option(help="Folder for the steps and the result.")] = Path("runs/pruned")
    base: Annotated[str, option.recipe_option("Recipe: retrain, modern, paper, or a YAML file.")] = "retrain"
    epochs: Annotated[
        int | None, typer.Option("--epochs-per-step", "--epochs", min=1, help="Epochs of each retraining.")
    ] = 1
    resume: Annotated[bool, typer.Option("--resume", help="Continue where the run in --out stopped.")] = False
    as_json: Annotated[bool, typer.Option("--json", help="Print sizes, widths and steps as JSON.")] = False
    begun: ClassVar[str] = PLAN_FILE
    precious: ClassVar[tuple[str, ...]] = (PLAN_FILE, *WEIGHT_FILES)


@option.with_options
def prune(
    *,
    model: Annotated[Path, checkpoint_option("The checkpoint to prune, .safetensors.")],
    teacher: Annotated[Path | None, checkpoint_option("The checkpoint of --prune-teacher teacher.")] = None,
    prune_teacher: Annotated[PruneTeacher, typer.Option(help=_PRUNE_TEACHER)] = "student",
    training: PruneOptions,
    rate: Annotated[float | None, typer.Option(help="Share of every layer's filters, such as 0.75.")] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Budget, such as 2.5MB (float32 weights), 30MMACs or 0.5ms; keeps the widths of "
            "least error within it."
        ),
    ] = None,
    score: Annotated[
        Score,
        typer.Option(
            help="Score of filters: each one's energy, as the paper has it; its variance about the mean; or "
            "all chosen as one set (greedy, ThiNet)."
        ),
    ] = "greedy",
    repair: Annotated[
        Repair,
        typer.Option(
            help="Repair after a cut: none, as in the paper; mean, the next layer keeps the removed "
            "filters' mean; lstsq, the kept weights also make up for them."
        ),
    ] = "lstsq",
    scope: Annotated[
        Scope,
        typer.Option(
            help="What to prune: inner, filters inside the blocks, as the paper; all, block "
            "outputs and stem too."
        ),
    ] = "inner",
    images: Annotated[int, typer.Option(min=1, help="Training faces that the score looks at.")] = 512,
    layers_per_step: Annotated[int, typer.Option(min=1, help="Layers pruned before each retraining.")] = 1,
    final_epochs: Annotated[int, typer.Option(min=0, help="Epochs of training after the last layer.")] = 0,
    lambda_dp: Annotated[
        float | None, typer.Option(help="Ratio of LOSS to loss3 in the retraining. Default: the recipe's.")
    ] = None,
) -> None:
    """Remove filters layer by layer, and retrain after each.

    The last layer goes first. --resume continues an interrupted run.
    Example: facekp-train prune --model d/best.safetensors --rate 0.75 --data mtfl:PATH --out runs/pruned
    """
    from pydantic import ValidationError

    from facekp_train.pruning.settings import PruneSettings

    try:
        settings = PruneSettings(
            rate=rate, budget=budget, score=score, repair=repair, scope=scope, images=images,
            layers_per_step=layers_per_step, final_epochs=final_epochs,
        )  # fmt: skip
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"]) from None
    if prune_teacher == "teacher" and teacher is None:
        raise typer.BadParameter("--prune-teacher teacher needs --teacher FILE")
    if prune_teacher == "student" and teacher is not None and resolved(teacher) != resolved(model):
        raise typer.BadParameter(
            "--teacher is used only with --prune-teacher teacher; add that, or leave --teacher out"
        )
    training.check(model, teacher)
    require("train", "torch", "safetensors")
    from facekp_train.training.initial import start_from
    from facekp_train.training.recipe import KEEP_WIDTHS

    if widths := {setting.partition("=")[0].strip() for setting in training.settings} & KEEP_WIDTHS.keys():
        raise typer.BadParameter(
            f"the widths of a pruned net follow from --rate or --budget; leave --set {min(widths)} out"
        )
    supervisor = teacher if prune_teacher == "teacher" else model
    recipe = training.recipe(teacher=str(supervisor), lambda_dp=lambda_dp, **start_from(model))
    from facekp_train.commands.kept import files_kept, told_when_interrupted
    from facekp_train.commands.progress import FitProgress
    from facekp_train.pipeline import layerwise
    from facekp_train.training.data import FaceSettings, load_training_data
    from facekp_train.training.launch import launch

    out = training.out
    fabric = launch(training.accelerator, training.devices, recipe.precision)
    faces = load_training_data(recipe.part(FaceSettings))
    kept = told_when_interrupted(
        out, lambda: files_kept(out, STATE_FILE, "steps that are finished or begun"), "--resume"
    )
    with kept, FitProgress() as progress:
        report = layerwise.prune(model, recipe, out, settings, fabric=fabric, data=faces, watch=progress)
    if not fabric.is_global_zero:
        return
    size = f"{report['bytes'] / 1e6:.2f} MB, {report['macs'] / 1e6:.1f} million multiplications"
    say(f"wrote {out / BEST_FILE}: {size}; steps in {out / layerwise.REPORT_FILE}")
    if training.as_json:
        print_json({"best": str(out / BEST_FILE), **report})

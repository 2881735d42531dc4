"""`facekp-train distill`: a student learns from labels and from a teacher's features."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from facekp_train.commands import options as option
from facekp_train.common.console import require
from facekp_train.common.model_option import checkpoint_option

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from facekp_train.training.recipe import Recipe

_RELABEL = (
    "Faces that the teacher relabels, held to five hand-placed points: missing (those without all "
    "keypoints), all, none."
)
_OUTPUTS = (
    "Weight of the distance from the teacher's own coordinates (0: features alone, as in the "
    "paper). Default: the recipe's."
)


@dataclass(frozen=True, kw_only=True)
class DistillOptions(option.TrainingOptions):
    """The shared options, with this command's folder."""

    out: option.Out = Path("runs/distill")


@option.with_options
def distill(
    *,
    model: Annotated[Path, checkpoint_option("The student's checkpoint, .safetensors.")],
    teacher: Annotated[Path, checkpoint_option("The checkpoint that supervises it.")],
    training: DistillOptions,
    relabel: Annotated[Literal["none", "missing", "all"], typer.Option(help=_RELABEL)] = "none",
    lambda_dp: Annotated[
        float | None, typer.Option(help="Ratio of LOSS to loss3 (paper, figure 5). Default: the recipe's.")
    ] = None,
    output_weight: Annotated[float | None, typer.Option(help=_OUTPUTS)] = None,
) -> None:
    """Train a student further under a frozen teacher.

    It learns by LOSS + loss3: from the labels, and from the teacher's features.
    Example: facekp-train distill --model a/best.safetensors --teacher t/best.safetensors --data mtfl:PATH
    """
    training.check(model, teacher)
    require("train", "torch", "safetensors")
    from facekp_train.training.initial import start_from

    supervision = {"teacher": str(teacher), "lambda_dp": lambda_dp, "output_weight": output_weight}
    recipe = training.recipe(**supervision, **start_from(model))
    if relabel == "none":
        training.train(recipe)
    else:
        training.train(*_relabelled(recipe, relabel, training))


def _relabelled(
    recipe: Recipe, mode: Literal["missing", "all"], training: DistillOptions
) -> tuple[Recipe, Fabric]:
    """The recipe with the teacher's labels, which are made where they are missing, and who made them.

    Nothing is labelled where the training would be refused afterwards.
    """
    from facekp_train.common.locks import alone_in
    from facekp_train.labels.store import labelled, make_labels
    from facekp_train.training.launch import launch, usable_precision
    from facekp_train.training.run_folder import check_folder

    out, resume = training.out, training.resume
    precise = recipe.model_copy(update={"precision": usable_precision(recipe.precision)})
    learnt = labelled(precise, out)
    check_folder(out, learnt, resume)
    fabric = launch(training.accelerator, training.devices, learnt.precision)
    with alone_in(out, fabric):
        make_labels([Path(str(recipe.teacher))], recipe, mode, out, fabric)
    return learnt, fabric

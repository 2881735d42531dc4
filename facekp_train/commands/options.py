"""Options that several commands share; those of all training commands are one object."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, get_type_hints

import typer

from facekp_train.common.completion import completed, one_of
from facekp_train.common.console import UserError, print_json, require, say
from facekp_train.common.recipes import PRESETS, recipe_settings
from facekp_train.common.run_files import RECIPE_FILE, WEIGHT_FILES, check_begun

if TYPE_CHECKING:
    from lightning_fabric import Fabric

    from facekp_train.schemes import Scheme
    from facekp_train.training.recipe import Recipe

_DATA = (
    "Training faces as FORMAT:PATH[@LIST], such as mtfl:PATH; repeat it to mix sets. "
    "Formats: facekp-train data --help."
)
_SET = "Change one setting of the recipe, such as --set augmentation.rotation=30; repeatable."
_PRECISION = (
    "Precision: auto (bf16-mixed where the hardware has it), 32-true, bf16-mixed or 16-mixed. "
    "Default: the recipe's."
)

_LIMIT = "Faces to read of each data set, spread evenly over it. Default: the recipe's number, else all."

Data = Annotated[list[str], typer.Option(help=_DATA)]
Out = Annotated[Path, typer.Option(help="Folder for checkpoints, logs and curves.")]
Split = Annotated[str | None, typer.Option(help="Split to train on. Default: each set's first.")]
Validation = Annotated[
    list[str],
    typer.Option(
        help="Faces to score after each epoch; repeatable. Default: 5 % of the training faces are held back."
    ),
]
ValidationSplit = Annotated[
    str | None,
    typer.Option(help="Split of the validation sets. Default: the one that figures are reported on."),
]
Limit = Annotated[int | None, typer.Option(min=1, help=_LIMIT)]


def recipe_option(meaning: str) -> Any:
    """The option for a recipe's name or file."""
    return typer.Option("--recipe", help=meaning, autocompletion=completed(lambda: PRESETS, files=".yaml"))


Base = Annotated[str, recipe_option("Recipe: modern, paper, or a YAML file.")]
Epochs = Annotated[int | None, typer.Option(help="Passes over the faces. Default: the recipe's.")]
Batch = Annotated[int | None, typer.Option(help="Faces in one training step. Default: the recipe's.")]
Settings = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help=_SET)]
Precision = Annotated[
    str | None, typer.Option(help=_PRECISION, **one_of("auto", "32-true", "bf16-mixed", "16-mixed"))
]
Accelerator = Annotated[
    str,
    typer.Option(help="Where to compute: cpu, gpu or auto.", **one_of("cpu", "gpu", "auto")),
]
Devices = Annotated[int, typer.Option(help="Number of processes or GPUs.", min=1)]
Seed = Annotated[
    int | None, typer.Option(help="Random seed of weights, order and augmentation. Default: the recipe's.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue after the last finished epoch.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the last epoch's figures as JSON.")]

_SHARED = (
    "data", "split", "validation", "validation_split", "limit", "epochs", "batch", "precision", "seed",
)  # fmt: skip
"""The options that are keys of a recipe."""

_MODULES = ("torch", "lightning_fabric", "safetensors", "yaml", "tensorboardX", "matplotlib")

SPEC_HELP = (
    "Faces as FORMAT:PATH or FORMAT:PATH@LIST. Formats: mtfl, 300w, celeba, aflw, wflw, cofw, 300vw, pts, "
    "coco, cvat, dlib, labelstudio, labelme, csv, via, yolo, detect."
)

SPLIT_HELP = (
    "Split: train, validation, test, training (mtfl); train, common, challenging, full (300w); train, "
    "validation, test, heldout (celeba); train, full, frontal, test (aflw); train, test, pose, expression, "
    "illumination, makeup, occlusion, blur (wflw); train, test (cofw); train, category1, category2, "
    "category3, test, all (300vw); train, val, test (yolo); all (every other format)."
)

SCHEME_HELP = (
    "The keypoints' scheme: a YAML file of one's own, or a name such as lapa106. Default: the published one "
    "of their number."
)

NORMALIZER_HELP = (
    "What errors are percent of: inter_ocular, inter_pupil, box (the keypoints'), face_box (the data "
    "set's), as far as the scheme of the data has it. Default: its first."
)
LimitOption = Annotated[
    int | None,
    typer.Option(min=1, help="Faces to read of each list, spread evenly over it. Default: all."),
]
StrictOption = Annotated[bool, typer.Option("--strict", help="Stop at the first bad row or image.")]
ImagesOption = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the photographs of an annotation tool's file. Default: looked for around the file."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def _scheme_names() -> Iterable[str]:
    from facekp_train.landmarks import known_schemes

    return known_schemes()


SchemeOption = Annotated[
    str | None,
    typer.Option("--scheme", help=SCHEME_HELP, autocompletion=completed(_scheme_names, files=".yaml")),
]


def adopt_given(scheme: str | None) -> Scheme | None:
    """Take the scheme of `--scheme` for keypoints of its number; one that cannot be had is wrong usage."""
    if scheme is None:
        return None
    require("train", "yaml")
    from facekp_train.landmarks import adopt
    from facekp_train.own_schemes import scheme_given

    try:
        return adopt(scheme_given(scheme))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--scheme") from None


def require_training() -> None:
    """Raise UserError naming the extra where training cannot run here."""
    require("train", *_MODULES)


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """What every training command takes; a command's own class changes a default or a help text.

    begun: the file that a run to go on with has. precious: those that no other run may overwrite. base: the
    recipe's name or file. out: the folder to train into.
    """

    begun: ClassVar[str] = RECIPE_FILE
    precious: ClassVar[tuple[str, ...]] = WEIGHT_FILES

    data: Data = field(default_factory=list)
    out: Out
    base: Base = "modern"
    split: Split = None
    validation: Validation = field(default_factory=list)
    validation_split: ValidationSplit = None
    limit: Limit = None
    epochs: Epochs = None
    batch: Batch = None
    settings: Settings = field(default_factory=list)
    precision: Precision = None
    accelerator: Accelerator = "cpu"
    devices: Devices = 1
    seed: Seed = None
    resume: Resume = False
    as_json: AsJson = False

    def recipe(self, **own: Any) -> Recipe:
        """The recipe that the line asks for, with a command's `own` settings; None leaves one to the recipe.

        What is wrong is wrong usage, not a failure.
        """
        self.check(**own)
        require_training()
        from facekp_train.training.recipe import make_recipe

        with wrong_usage():
            return make_recipe(self.base, {**self._shared(), **own}, self.settings)

    def check(self, *models: Path | None, **own: Any) -> None:
        """Look at all that the line names, which takes no PyTorch; `own` as of `recipe`."""
        require("train", "yaml")
        from facekp_train.commands.inputs import check_folder, check_named
        from facekp_train.common.run_files import refuse_other_than_checkpoints

        refuse_other_than_checkpoints(*models)
        check_folder(self.out)
        check_begun(self.out, self.resume, begun=self.begun, precious=self.precious)
        with wrong_usage():
            settings = recipe_settings(self.base, {**self._shared(), **own}, self.settings)
        if not settings.get("data"):
            raise typer.BadParameter("give the faces with --data FORMAT:PATH, as facekp-train data tells")
        if self.validation_split is not None and not settings.get("validation"):
            # A recipe may name the sets, which the line alone does not tell.
            raise typer.BadParameter(
                "it changes nothing without --validation; add that, or leave this out",
                param_hint="--validation-split",
            )
        check_named(settings)

    def _shared(self) -> dict[str, Any]:
        return {key: getattr(self, key) for key in _SHARED}

    def train(self, recipe: Recipe, fabric: Fabric | None = None) -> None:
        """Train with a progress bar, then say what was written and how good it is.

        fabric: processes that were launched before; else the options say which.
        """
        from facekp_train.commands.kept import epochs_kept, told_when_interrupted
        from facekp_train.commands.progress import FitProgress
        from facekp_train.common.run_files import LAST_FILE
        from facekp_train.training.fit import fit
        from facekp_train.training.log import CURVES_FILE, LOG_FILE

        kept = told_when_interrupted(self.out, lambda: epochs_kept(self.out), "--resume")
        with kept, FitProgress() as progress:
            best = fit(
                recipe, self.out, resume=self.resume, accelerator=self.accelerator, devices=self.devices,
                watch=progress, fabric=fabric,
            )  # fmt: skip
        if best is None:
            return  # one of several processes: the first one reports
        row = json.loads((self.out / LOG_FILE).read_text(encoding="utf-8").splitlines()[-1])
        say(f"wrote {best} and {self.out / LAST_FILE}; curves in {self.out / CURVES_FILE}")
        if self.as_json:
            print_json({"best": str(best), **row})


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command where a parameter that is a dataclass stands for its fields, each an option of its own."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(command).parameters.values():
        if parameter.name in groups:
            parameters += _parameters(groups[parameter.name])
        else:
            parameters.append(parameter.replace(annotation=hints[parameter.name]))

    @functools.wraps(command)
    def gathered(**values: Any) -> None:
        for name, kind in groups.items():
            values[name] = kind(**{each.name: values.pop(each.name) for each in fields(kind)})
        command(**values)

    # What typer and the reference read; `command` itself has other parameters.
    del vars(gathered)["__wrapped__"]
    vars(gathered)["__signature__"] = inspect.Signature(parameters)
    gathered.__annotations__ = {each.name: each.annotation for each in parameters}
    return gathered


def _parameters(kind: Any) -> list[inspect.Parameter]:
    """The fields of a dataclass as parameters of a function."""
    hints = get_type_hints(kind, include_extras=True)
    defaults = {
        each.name: each.default if each.default_factory is MISSING else each.default_factory()
        for each in fields(kind)
    }
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if default is MISSING else default,
            annotation=hints[name],
        )
        for name, default in defaults.items()
    ]


@contextmanager
def wrong_usage() -> Iterator[None]:
    """A recipe that cannot be had is wrong usage, not a failure."""
    try:
        yield
    except UserError as error:
        raise typer.BadParameter(str(error)) from None


@contextmanager
def spec_is_usage() -> Iterator[None]:
    """A SPEC or split that names no data set is wrong usage, not a failure."""
    from facekp_train.datasets import DataError

    try:
        yield
    except DataError as error:
        raise typer.BadParameter(str(error)) from None

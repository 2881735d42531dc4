"""A training recipe: everything that decides what a run learns, saved with its checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PositiveFloat, ValidationError, model_validator

from facekp_train.batches.augment import Augmentation, Strict
from facekp_train.common.console import UserError
from facekp_train.datasets import check_split
from facekp_train.landmarks import scheme_of
from facekp_train.networks.keypoint_net import NetConfig
from facekp_train.networks.mobilenet import hidden_widths

# Settings with which a net keeps the sizes of the checkpoint that it starts from, whatever was said of
# the one that was trained first.
AS_IT_IS: dict[str, Any] = {"expansion": 1.0, "widths": None, "channels": None}

# What a net passes on to the one that goes on from it: scheme, crop and heads.
SHAPE = ("backbone", "points", "size", "hidden", "heatmap_width")


class Recipe(Strict):
    """One training run. `paper` is section 4.1's schedule, `modern` a stronger one."""

    name: str = Field(default="modern", description="what the recipe is called in logs and checkpoints")
    data: list[str] = Field(min_length=1, description="data sets as FORMAT:PATH[@LIST]")
    split: str | None = Field(
        default=None, description="split of every set of `data`; null: each one's first"
    )
    validation: list[str] = Field(default_factory=list, description="none: a share of the training faces")
    validation_split: str | None = Field(default=None, description="split of every set of `validation`")
    validation_limit: int = Field(default=1000, ge=1, description="faces scored after each epoch")
    box_source: Literal["tight", "listed"] = Field(
        default="tight", description="training crops lie around the keypoints, or around the listed boxes"
    )

    backbone: str = Field(default="mobilenet-v2", description="mobilenet-v2 or resnet-50")
    points: int = Field(default=68, description="keypoints of the net: 5, 19, 21, 29, 68 or 98")
    size: int = Field(default=128, description="side of the crop in pixels, a multiple of 32")
    expansion: float = Field(default=1.0, gt=0, le=1, description="share of every block's hidden channels")
    widths: tuple[int, ...] | None = Field(
        default=None, description="channels inside the blocks, first to last, in place of `expansion`"
    )
    channels: tuple[int, ...] | None = Field(
        default=None, description="channels of the stem and of each stage"
    )
    hidden: int = Field(default=256, description="width of the regression head's hidden layer")
    heatmap_width: int = Field(default=64, description="channels of the heatmap head; 0: no head")
    imagenet: bool | str = Field(default=True, description="start from ImageNet weights; or a file of them")
    init: str | None = Field(default=None, description="a checkpoint to start from, narrowed where needed")

    epochs: int = Field(default=60, ge=1, description="passes over the faces")
    batch: int = Field(default=32, ge=2, description="faces a step, over all processes")
    optimiser: Literal["sgd", "adamw"] = Field(default="sgd", description="sgd with momentum, or adamw")
    learning_rate: float = Field(default=0.01, gt=0, description="after the warm-up")
    final_rate: float = Field(default=1e-4, ge=0, description="where the schedule ends")
    schedule: Literal["step", "cosine"] = Field(
        default="step", description="how the rate falls: in equal factors, or along a half cosine"
    )
    warmup: float = Field(default=0.0, ge=0, description="epochs of linear warm-up")
    step_epochs: int = Field(default=20, ge=1, description="epochs between the steps of `step`")
    momentum: float = Field(default=0.9, ge=0, lt=1, description="of sgd")
    weight_decay: float = Field(default=1e-4, ge=0, description="pull of the weights towards zero")
    clip: float = Field(default=0.0, ge=0, description="largest gradient norm; 0: no clipping")
    ema: float = Field(default=0.0, ge=0, lt=1, description="decay of the averaged weights; 0: none")
    freeze_bn: float = Field(
        default=0.0, ge=0, le=1, description="last share of epochs with BN statistics held"
    )

    loss: Literal["mse", "l1", "wing"] = Field(default="mse", description="of the coordinates")
    wing: tuple[PositiveFloat, PositiveFloat] = Field(
        default=(0.1, 0.01), description="w and e of the wing loss, shares of the crop"
    )
    lambda_rh: float = Field(default=1.0, gt=0, description="regression : heatmap (paper, figure 4)")
    heatmap_sigma: float = Field(default=1.5, gt=0, description="pixels of the map")
    heatmap_factor: float | None = Field(
        default=None, ge=0, description="None: both losses are of one size at the start"
    )
    five_weight: float = Field(
        default=1.0, ge=0, description="weight of images' five points beside all points"
    )
    fit_offset: bool = Field(default=True, description="move many-point labels onto the hand-placed five")
    error_unit: Literal["crop", "eyes"] = Field(
        default="crop", description="eyes: errors count by the face's eye distance, as NME does"
    )
    focus: float = Field(default=0.0, ge=0, description="how much more often turned faces are drawn")

    teacher: str | None = Field(default=None, description="a checkpoint that supervises this net")
    lambda_dp: float = Field(default=1.0, gt=0, description="LOSS : distillation (paper, figure 5)")
    distil_factor: float | None = Field(
        default=None, ge=0, description="None: LOSS and loss3 are of one size at the start"
    )
    projection: int = Field(default=256, ge=1, le=4096, description="common width of the features compared")
    output_weight: float = Field(default=0.0, ge=0, description="weight of the teacher's own coordinates")

    quantise: bool = Field(
        default=False, description="round as the int8 file will (facekp_train.training.quantize_aware)"
    )

    augmentation: Augmentation = Field(default=Augmentation(), description="random changes of the crops")
    seed: int = Field(default=0, ge=0, description="decides weights, order and augmentation")
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = Field(
        default="auto", description="auto: bf16-mixed where the hardware multiplies it itself"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        scheme_of(self.points)
        self.net_config()
        check_split(self.data, self.split)
        check_split(self.validation, self.validation_split)
        if self.widths is not None and self.expansion != 1:
            raise ValueError("give widths or expansion, not both")
        if self.quantise and self.teacher is not None:
            raise ValueError("a net learns from a teacher first and to be quantised after that, not at once")
        return self

    def net_config(self) -> NetConfig:
        """The net that this recipe trains."""
        widths = self.widths
        if widths is None and self.expansion != 1:
            widths = hidden_widths(self.expansion, self.channels)
        return NetConfig(
            backbone=self.backbone,
            points=self.points,
            size=self.size,
            widths=widths,
            channels=self.channels,
            hidden=self.hidden,
            heatmap_width=self.heatmap_width,
        )

    def shareable(self) -> dict[str, Any]:
        """Plain data for a checkpoint that others read: files by name, without their folders."""
        data = self.model_dump(mode="json")
        for key in ("data", "validation"):
            data[key] = [_without_folders(spec) for spec in data[key]]
        for key in ("init", "imagenet", "teacher"):
            if isinstance(data[key], str):
                data[key] = Path(data[key]).name
        return data


def _without_folders(spec: str) -> str:
    """`mtfl:/a/b/mtfl@list.txt` -> `mtfl:mtfl@list.txt`."""
    name, _, path = spec.partition(":")
    return f"{name}:{Path(path).name}"


# Section 4.1: batch 32, 0.01 -> 0.0001 in steps of 20 epochs, 60 epochs, flips and random crops.
_PAPER: dict[str, Any] = {"name": "paper"}

_MODERN: dict[str, Any] = {
    "name": "modern",
    "epochs": 30,
    "batch": 48,
    "optimiser": "adamw",
    "learning_rate": 1.5e-3,
    "final_rate": 1e-6,
    "schedule": "cosine",
    "warmup": 1.0,
    "weight_decay": 0.02,
    "clip": 1.0,
    "ema": 0.999,
    "freeze_bn": 0.2,
    "loss": "wing",
    "augmentation": {
        "rotation": 18.0,
        "shift": 0.07,
        "scale": 0.08,
        "stretch": 0.05,
        "colour": 0.8,
        "blur": 0.35,
        "occlusion": 0.25,
    },
}

# A net that was good before it was cut: one epoch by default, nearly no warm-up, half the rate.
_RETRAIN: dict[str, Any] = {**_MODERN, "name": "retrain", "epochs": 1, "warmup": 0.1, "learning_rate": 7e-4}

# A trained net gets used to rounding: BN statistics held, as the file folds them, and no bfloat16, which
# rounds about as coarsely as int8 itself. Rate and epochs by docs/results/quantization.md.
_QUANTIZE_AWARE: dict[str, Any] = {
    **_RETRAIN,
    "name": "quantize-aware",
    "epochs": 3,
    "warmup": 0.5,
    "learning_rate": 3e-4,
    "freeze_bn": 1.0,
    "precision": "32-true",
    "quantise": True,
}

RECIPES: dict[str, dict[str, Any]] = {
    "paper": _PAPER,
    "modern": _MODERN,
    "retrain": _RETRAIN,
    "quantize-aware": _QUANTIZE_AWARE,
}


def make_recipe(base: str, settings: dict[str, Any], assignments: list[str]) -> Recipe:
    """A named recipe or a YAML file, with options and `key=value` assignments on top.

    `settings` whose value is None are left to the recipe; assignments may be nested
    (`augmentation.rotation=30`). Raises UserError naming the key that is wrong.
    """
    import yaml

    data = _named_or_file(base)
    data.update({key: value for key, value in settings.items() if value not in (None, [])})
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise UserError(f"--set takes key=value, not '{assignment}'")
        target = data
        *parents, last = key.strip().split(".")
        for parent in parents:
            target = target.setdefault(parent, {})
            if not isinstance(target, dict):
                raise UserError(f"--set {assignment}: '{parent}' has no settings of its own")
        # YAML 1.1 reads 1e-3 as a word; pydantic turns it into a number.
        target[last] = yaml.safe_load(value)
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(f"recipe: {where + ': ' if where else ''}{first['msg']}") from None


def _named_or_file(base: str) -> dict[str, Any]:
    import copy

    import yaml

    if base in RECIPES:
        return copy.deepcopy(RECIPES[base])
    path = Path(base)
    if not path.is_file():
        raise UserError(
            f"no recipe is called '{base}' and no such file exists; there are {', '.join(RECIPES)}"
        )
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(data, dict):
        raise UserError(f"{path} is not a recipe: it holds no 'key: value' lines")
    return data

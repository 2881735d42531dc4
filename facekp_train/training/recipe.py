"""A training recipe: everything that decides what a run learns, saved with its checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError, model_validator

from facekp_train.batches.loader import BatchSettings
from facekp_train.common.backbones import BACKBONES_TOLD
from facekp_train.common.console import UserError
from facekp_train.common.recipes import recipe_settings
from facekp_train.common.settings import CheckpointFile, Settings, first_fault
from facekp_train.landmarks import check_name, scheme_of
from facekp_train.metadata import one_line_licence
from facekp_train.networks.keypoint_net import PAIRS_TOLD, NetConfig, with_own_side
from facekp_train.networks.mobilenet import hidden_widths
from facekp_train.training.data import FaceSettings
from facekp_train.training.distill import TeacherSettings
from facekp_train.training.losses import LossSettings
from facekp_train.training.optimizer import OptimizerSettings

# Settings with which a net keeps the sizes of the checkpoint that it starts from, whatever was said of
# the one that was trained first.
KEEP_WIDTHS: dict[str, Any] = {"expansion": 1.0, "widths": None, "channels": None}

# What a net passes on to the one that goes on from it: scheme, crop and heads.
INHERITED_KEYS = ("backbone", "points", "scheme", "size", "pairs", "hidden", "heatmap_width")


class Named(Settings):
    """What a recipe is called, and what its net may be used for."""

    name: str = Field(default="modern", description="what the recipe is called in logs and checkpoints")
    weights_licence: Annotated[str | None, AfterValidator(one_line_licence)] = Field(
        default=None,
        description="what the weights may be used for, beside what start, teacher and labels pass on",
    )


class NetSettings(Settings):
    """The net, and the weights that it starts from."""

    backbone: str = Field(default="mobilenet-v2", description=BACKBONES_TOLD)
    expansion: float = Field(default=1.0, gt=0, le=1, description="share of every block's hidden channels")
    widths: tuple[int, ...] | None = Field(
        default=None, description="channels inside the blocks, first to last, in place of `expansion`"
    )
    channels: tuple[int, ...] | None = Field(
        default=None, description="channels of the stem and of each stage"
    )
    pairs: tuple[int, ...] | None = Field(default=None, description=PAIRS_TOLD)
    hidden: int = Field(default=256, description="width of the regression head's hidden layer")
    heatmap_width: int = Field(default=64, description="channels of the heatmap head; 0: no head")
    imagenet: bool | str = Field(
        default=True, description="start from ImageNet weights, where there are any; or a file of them"
    )
    init: CheckpointFile | None = Field(
        default=None, description="a checkpoint to start from, narrowed where needed"
    )


_Part = TypeVar("_Part", bound=Settings)


class Recipe(
    TeacherSettings, LossSettings, OptimizerSettings, BatchSettings, NetSettings, FaceSettings, Named
):
    """One training run: the settings of all that take part in it, each described where it is used.

    In a file the keys of the last base come first.
    """

    quantize: bool = Field(
        default=False, description="round as the int8 file will (facekp_train.training.quantize_aware)"
    )
    precision: Literal["auto", "32-true", "bf16-mixed", "16-mixed"] = Field(
        default="auto", description="auto: bf16-mixed where the hardware multiplies it itself"
    )

    @model_validator(mode="before")
    @classmethod
    def _own_side(cls, data: Any) -> Any:
        return with_own_side(data)

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        scheme = self.own_scheme() or scheme_of(self.points)
        if scheme.points != self.points:
            raise ValueError(f"scheme '{scheme.name}' has {scheme.points} points and the net {self.points}")
        check_name(scheme)
        self.net_config()
        if self.widths is not None and self.expansion != 1:
            raise ValueError("give widths or expansion, not both")
        if self.quantize and self.teacher is not None:
            raise ValueError(
                "a net cannot learn from a teacher and be quantized at once; distill it "
                "first, then train it quantize-aware"
            )
        return self

    def part(self, kind: type[_Part]) -> _Part:
        """The settings of one that takes part, such as `LossSettings`, and no others."""
        return kind.model_construct(**{name: getattr(self, name) for name in kind.model_fields})

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
            pairs=self.pairs,
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


def make_recipe(base: str, settings: dict[str, Any], assignments: list[str]) -> Recipe:
    """A named recipe or a YAML file, with options and `key=value` assignments on top.

    `settings` whose value is None are left to the recipe; assignments may be nested
    (`augmentation.rotation=30`). Raises UserError naming the key that is wrong.
    """
    data = recipe_settings(base, settings, assignments)
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        raise UserError(f"recipe: {first_fault(error)}") from None

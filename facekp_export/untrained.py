"""A backbone's files with random weights, for timing alone; every file, name and report says so."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from facekp_export.export import FORMATS, ExportResult, Step, export_model
from facekp_export.quantization.calibration import demo_views
from facekp_train.common.console import UserError
from facekp_train.common.recipes import assigned
from facekp_train.common.settings import first_fault
from facekp_train.common.shipped import CHECKPOINT
from facekp_train.crop import CropRule
from facekp_train.metadata import untrained_name

if TYPE_CHECKING:
    from facekp_train.networks.keypoint_net import NetConfig

_CROPS = 32


def untrained_config(backbone: str, assignments: Sequence[str]) -> NetConfig:
    """The net of a backbone's name and of `key=value` sizes, such as `channels=[8, 16, 32, 64, 96]`.

    Raises UserError for an unknown backbone or size, and for one that cannot be built.
    """
    from facekp_train.networks.keypoint_net import NetConfig

    settings = assigned({"backbone": backbone, "heatmap_width": 0}, assignments)
    try:
        return NetConfig.model_validate(settings)
    except ValidationError as error:
        raise UserError(f"the untrained net: {first_fault(error)}") from None


def export_untrained(
    config: NetConfig,
    out: Path | str,
    *,
    to: Sequence[str] = FORMATS,
    integer_io: bool = False,
    int8_input: bool = False,
    threads: int = 1,
    name: str | None = None,
    step: Step = nullcontext,
) -> ExportResult:
    """Export a net of random weights, the same each time, and its checkpoint as `model.safetensors`.

    Args:
        config: what shapes the net.
        out: the folder.
        to, integer_io, int8_input, threads, step: as `export_model` takes them.
        name: travels in every file, marked as untrained; None for the backbone's.

    Returns:
        The folder and the manifest.

    Raises:
        ValueError: for sizes that cannot be built.
        UserError: as `export_model` does. Quantized files have to follow what the net's answers differ by
            from crop to crop: chance is no reason for one that does not.
    """
    import torch

    from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
    from facekp_train.networks.untrained import untrained_net

    rule = CropRule(size=config.size)
    with tempfile.TemporaryDirectory(prefix="facekp-") as folder:
        with step("random weights"):
            net = untrained_net(config, torch.from_numpy(demo_views(rule, _CROPS)))
            marked = untrained_name(name or config.backbone)
            header = CheckpointHeader(name=marked, net=config, crop=rule.as_dict(), untrained=True)
            save_checkpoint(Path(folder) / CHECKPOINT, net, header)
        return export_model(
            Path(folder) / CHECKPOINT, out, to=to, integer_io=integer_io, int8_input=int8_input,
            threads=threads, step=step,
        )  # fmt: skip

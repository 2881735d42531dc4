"""The processes that train together, and the precision that the hardware multiplies in."""

from __future__ import annotations

import logging
import os
from datetime import timedelta

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from facekp_train.common.console import UserError

# While the first process labels or measures, the others wait for it.
_LONGEST_WAIT = timedelta(hours=12)


def launch(accelerator: str, devices: int, precision: str) -> Fabric:
    """Processes to train in: `devices` here, or as many as torchrun has started, on all machines.

    Raises UserError where the hardware is not available.
    """
    # What it says of itself at this level stands in the recipe and in the log.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    nodes = 1
    if "TORCHELASTIC_RUN_ID" in os.environ:
        devices = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // devices
    several = DDPStrategy(timeout=_LONGEST_WAIT) if devices * nodes > 1 else "auto"
    try:
        fabric = Fabric(
            accelerator=accelerator,
            strategy=several,
            devices=devices,
            num_nodes=nodes,
            precision=usable_precision(precision),  # type: ignore[arg-type]
        )
    except (RuntimeError, ValueError, ImportError) as error:
        raise UserError(
            f"{devices} x '{accelerator}' is not available on this machine ({error}); try --accelerator cpu"
        ) from None
    fabric.launch()
    return fabric


def usable_precision(wanted: str) -> str:
    """`auto` becomes bf16-mixed where the CPU or GPU multiplies bfloat16 itself, else 32-true."""
    if wanted != "auto":
        return wanted
    gpu = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return "bf16-mixed" if gpu or torch.ops.mkldnn._is_mkldnn_bf16_supported() else "32-true"

"""Recipes that train in seconds on faces of colored discs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from facekp_train.batches.augment import Augmentation
from facekp_train.boxes import tight_box_of
from facekp_train.crop import CropRule
from facekp_train.networks.checkpoint import CheckpointHeader, save_checkpoint
from facekp_train.networks.keypoint_net import NetConfig, build_net
from facekp_train.samples import FaceSample
from facekp_train.training.recipe import Recipe, make_recipe
from tests.support.files.synthetic_faces import SHAPE
from tests.support.models.small_nets import hidden_head

RULE = CropRule(size=64)
# One for all machines; make test-processors also trains in bf16-mixed.
PRECISION = os.environ.get("FACEKP_TEST_PRECISION", "32-true")
QUICK = [
    "size=64", "batch=8", "imagenet=false", "widths=" + str([8] * 16), "hidden=16", "heatmap_width=8",
    f"precision={PRECISION}", "learning_rate=0.005", "ema=0.9",
]  # fmt: skip
STILL = [f"augmentation.{change}=0" for change in Augmentation.model_fields]  # crops as the rule cuts them


def quick(discs: Path, epochs: int, *settings: str) -> Recipe:
    options = {"data": [f"mtfl:{discs}"], "points": 5, "epochs": epochs}
    return make_recipe("modern", options, [*QUICK, *settings])


def save_disc_teacher(path: Path, width: int = 8, seen: Tensor | None = None) -> Path:
    """A net of chance that answers every crop with the places where the rule puts the discs.

    Made, not trained, so that it is right on any processor. seen: crops [B, 3, 64, 64] that its batch
    norms remember, so that its features differ between such.
    """
    torch.manual_seed(0)
    config = NetConfig(points=5, size=RULE.size, widths=(width,) * 16, hidden=16, heatmap_width=8)
    net = build_net(config)
    with torch.no_grad():
        if seen is not None:
            for layer in net.modules():
                if isinstance(layer, nn.modules.batchnorm._BatchNorm):
                    layer.momentum = 1.0
            net.train()(seen)
        face = FaceSample(Path("drawn"), (SHAPE * 100).astype(np.float32), np.ones(5, bool))
        places = torch.from_numpy(RULE.square(tight_box_of(face)).to_crop(face.keypoints))
        hidden_head(net).fc2.weight.zero_()
        hidden_head(net).fc2.bias.copy_(places.logit().flatten())
    save_checkpoint(path, net, CheckpointHeader(net=config, crop=RULE.as_dict()))
    return path

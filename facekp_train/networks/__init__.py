"""Backbones, heads, and the net that joins them. A new backbone: one file, one line in `keypoint_net`."""

from facekp_train.networks.keypoint_net import (
    BACKBONES,
    Backbone,
    DeployedNet,
    KeypointNet,
    NetConfig,
    Prediction,
    build_net,
    predict_crops,
)

__all__ = [
    "BACKBONES",
    "Backbone",
    "DeployedNet",
    "KeypointNet",
    "NetConfig",
    "Prediction",
    "build_net",
    "predict_crops",
]

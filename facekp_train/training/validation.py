"""The score after each epoch: NME of the validation faces, cut as a deployed model would see them."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from facekp_train.batches.face_store import FaceStore
from facekp_train.batches.loader import plain_batches
from facekp_train.evaluation.metrics import score
from facekp_train.implied_five import implied_five
from facekp_train.metadata import FiveOffset


def predict_store(net: nn.Module, store: FaceStore) -> np.ndarray:
    """Keypoints float32 [F, N, 2] in [0, 1] of the crop for every face of a store."""
    device = next(net.parameters()).device
    net.eval()
    answers = []
    with torch.inference_mode():
        for crops, _ in plain_batches(store, 128):
            answers.append(net(crops.to(device).crops).keypoints.float().cpu().numpy())
    return np.concatenate(answers)


def validate(net: nn.Module, store: FaceStore, five_offset: FiveOffset | None = None) -> dict[str, float]:
    """Percent by name, over each scheme's primary normaliser.

    `nme_many`, `median_many`, `failures_many` (share of faces above 10 %) on labels of all points,
    the same with `_five` on labels of five, and `nme`, the mean of the NMEs there are. five_offset: from
    the five that the net's keypoints imply to hand-placed ones.
    """
    keypoints = predict_store(net, store)
    kinds = [("many", keypoints, store.points, store.points_known)]
    if store.five_known.any():
        kinds.append(("five", implied_five(keypoints, offset=five_offset), store.five, store.five_known))
    figures: dict[str, float] = {}
    for name, predicted, truth, known in kinds:
        faces = np.flatnonzero(known[: store.size].any(axis=1))
        if len(faces):
            # Places without a label hold zeros: they must not reach the normalisers.
            marked = np.where(known[faces, :, None], truth[faces], np.nan)
            result = score(predicted[faces], marked)
            figures[f"nme_{name}"] = round(result.nme[result.normaliser], 4)
            figures[f"median_{name}"] = round(result.median, 4)
            figures[f"failures_{name}"] = round(result.failure_rate["10"], 4)
    errors = [value for name, value in figures.items() if name.startswith("nme_")]
    return {"nme": float(np.mean(errors)), **figures}

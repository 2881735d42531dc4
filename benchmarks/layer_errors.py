"""Are errors of different layers comparable? What the shipped 1X's keypoints do when layers are cut.

    python -m benchmarks.layer_errors --data mtfl:PATH

Each layer alone loses three quarters of its expansion filters (greedy score, least squares): the
error normalized by the layer's energy beside how far the keypoints move. Then nets of the size, and
of the multiplications, that the paper's rate of 0.75 gives, before any retraining: with that rate
everywhere, with the widths of least summed error, and with those of least summed error weighed by
each layer's move (facekp_train/pruning/sensitivity.py). Images that move the keypoints are others
than those that scores and repairs saw. Written to benchmarks/results/layer_errors.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from scipy.stats import spearmanr
from torch import Tensor

from facekp_export.quantization.calibration import crop_sets
from facekp_train.common.console import new_app, print_json, run, say
from facekp_train.common.files import write_json
from facekp_train.common.shipped import shipped_models_dir
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.networks.keypoint_net import KeypointNet, predict_crops
from facekp_train.networks.sizes import share_of_width
from facekp_train.pruning.budget import Widths, widths_within
from facekp_train.pruning.cost import CostModel
from facekp_train.pruning.groups import Group, find_groups
from facekp_train.pruning.moments import Moments, collect_moments
from facekp_train.pruning.scores import Ranking, rank
from facekp_train.pruning.sensitivity import keypoint_errors
from facekp_train.pruning.settings import Budget
from facekp_train.pruning.surgery import remove

_RESULT = Path(__file__).parent / "results" / "layer_errors.json"
_PROBES = 64

app = new_app("layer_errors", "Normalized errors of layers beside how far the keypoints move.")


@dataclass
class Subject:
    """The net that is cut, what it was seen doing, and crops uint8 [B, S, S, 3] to judge by."""

    net: KeypointNet
    moments: dict[str, Moments]
    judged: Tensor

    def moved(self, groups: list[Group], rankings: Mapping[str, Ranking], widths: Widths) -> float:
        """Mean distance of keypoints from the whole net's, pixels of the crop."""
        cut = self.net
        for group in groups:
            if widths.get(group.name, group.width) < group.width:
                keep = rankings[group.name].keep(widths[group.name])
                cut = remove(cut, group, keep, self.moments, "lstsq")
        difference = predict_crops(cut, self.judged) - predict_crops(self.net, self.judged)
        return round(float(difference.norm(dim=-1).mean()) * self.net.config.size, 3)


@app.command()
def main(
    data: Annotated[
        str | None, typer.Option(help="Faces, FORMAT:PATH; default: views of the demo photo.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 1,
    result: Annotated[Path, typer.Option("--out", help="Where the JSON goes.")] = _RESULT,
) -> None:
    """Cut layers one by one, then whole nets to one size; write the result."""
    torch.set_num_threads(threads)
    checkpoint = load_checkpoint(shipped_models_dir() / "mdp-1x" / "model.safetensors")
    net = checkpoint.net
    sets = crop_sets(data, checkpoint.header.crop_rule)
    crops = torch.from_numpy(sets.calibration).permute(0, 3, 1, 2)
    layers = [c.layer for g in find_groups(net, "all") for c in g.consumers]
    subject = Subject(
        net, collect_moments(net, layers, crops.split(20), pairs=True), torch.from_numpy(sets.verification)
    )
    document = {
        "model": "mdp-1x",
        "images": sets.source,
        "layers": one_by_one(subject),
        "nets": [row for scope in ("inner", "all") for row in whole_nets(subject, scope, crops[:_PROBES])],
    }
    layer_rows = document["layers"]
    errors, moves = ([row[key] for row in layer_rows] for key in ("error", "moved_px"))
    document["spearman_of_error_and_move"] = round(float(np.asarray(spearmanr(errors, moves))[0]), 3)
    write_json(result, document)
    print_json(document)


def one_by_one(subject: Subject) -> list[dict[str, Any]]:
    """Every layer cut alone."""
    rows = []
    for group in find_groups(subject.net):
        ranking = rank(subject.net, group, subject.moments, "greedy", "lstsq")
        kept = share_of_width(group.width, 0.25)
        moved = subject.moved([group], {group.name: ranking}, {group.name: kept})
        error = round(float(ranking.errors[group.width - kept]), 5)
        rows.append({"layer": group.name, "kept": kept, "of": group.width, "error": error, "moved_px": moved})
        say(str(rows[-1]))
    return rows


def whole_nets(subject: Subject, scope: Any, probes: Tensor) -> list[dict[str, Any]]:
    """Nets within the size, then within the multiplications, that equal rates give."""
    net, groups = subject.net, find_groups(subject.net, scope)
    model = CostModel(net, groups)
    plain = {g.name: rank(net, g, subject.moments, "greedy", "lstsq") for g in groups}
    weighed = keypoint_errors(net, groups, subject.moments, probes, "greedy")
    equal = {g.name: share_of_width(g.width, 0.25) if g.entry[0] == "widths" else g.width for g in groups}
    cost = model(equal)
    choices = {"equal rates": equal}
    for budget in (Budget(cost.bytes / 1e6, "MB"), Budget(cost.macs / 1e6, "MMACs")):
        choices[f"least error, {budget}"] = widths_within(budget, groups, plain, model)
        choices[f"least weighed error, {budget}"] = widths_within(budget, groups, weighed, model)
    rows = []
    for name, widths in choices.items():
        price = model(widths)
        row = {"scope": scope, "widths_by": name, "mb": round(price.bytes / 1e6, 3)}
        moved = subject.moved(groups, plain, widths)
        rows.append({**row, "million_macs": round(price.macs / 1e6, 2), "moved_px": moved})
        say(str(rows[-1]))
    return rows


if __name__ == "__main__":
    run(app)

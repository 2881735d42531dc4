"""The closed-form score of every filter against one forward pass for each filter, on the shipped 1X.

    python -m benchmarks.closed_form

Closed form: one forward pass over the images with all positions of every layer, then the scores of
all expansion filters. Brute force: the same images through the net as far as the layer that reads
the filter, with that filter's channel at nought, and the mean squared change of that layer's answer
(BN included) from the whole net's. It is timed on a sample of filters of every layer and scaled up
to all of them. Both take turns, layer by layer; figures are medians. The result is written to
benchmarks/results/closed_form.json.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.progress import track
from scipy.stats import spearmanr
from torch import Tensor

from android_bench.host.machine import describe_machine
from facekp_export.quantization.calibration import demo_views
from facekp_train.common.console import new_app, print_json, run
from facekp_train.common.files import write_json
from facekp_train.common.shipped import shipped_models_dir
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.networks.keypoint_net import KeypointNet
from facekp_train.pruning.groups import Group, find_groups
from facekp_train.pruning.moments import collect_moments
from facekp_train.pruning.scores import group_scores

_RESULT = Path(__file__).parent / "results" / "closed_form.json"
_BATCH = 16

app = new_app("closed_form", "Closed-form filter scores against one forward pass for every filter.")


@dataclass
class Layer:
    """One layer's filters: scores by both ways on the sample, seconds of brute force for each."""

    group: Group
    sample: list[int]
    closed: list[float]
    brute: list[float]
    seconds: list[float]
    spearman: float

    @property
    def same_choice(self) -> bool:
        """Both ways remove the same half of the sample."""
        half = len(self.sample) // 2
        removed = [set(sorted(range(len(s)), key=s.__getitem__)[:half]) for s in (self.closed, self.brute)]
        return removed[0] == removed[1]


class _Reached(Exception):  # noqa: N818 - ends a forward pass, no error
    """The layer of interest has answered; the rest of the net need not run."""


def answers(net: KeypointNet, group: Group, crops: Tensor, silent: int | None = None) -> list[Tensor]:
    """What the BN after the group's reader says to each batch; `silent`: a channel at nought."""
    consumer = group.consumers[0]
    assert consumer.norm is not None
    outputs: list[Tensor] = []

    def stop(_module: object, _inputs: object, answer: Tensor) -> None:
        outputs.append(answer)
        raise _Reached

    def silence(_module: object, inputs: tuple[Tensor]) -> None:
        if silent is not None:
            inputs[0][:, silent] = 0

    before = net.get_submodule(consumer.layer).register_forward_pre_hook(silence)
    with before, net.get_submodule(consumer.norm).register_forward_hook(stop), torch.inference_mode():
        for batch in crops.split(_BATCH):
            with suppress(_Reached):
                net(batch)
    return outputs


def brute_force(net: KeypointNet, group: Group, crops: Tensor, before: list[Tensor], filter_: int) -> float:
    """Mean over positions of the squared L2 change without one filter."""
    change = positions = 0.0
    for old, new in zip(before, answers(net, group, crops, filter_), strict=True):
        change += float((new - old).double().square().sum())
        positions += old.numel() / old.shape[1]
    return change / positions


def closed_form(net: KeypointNet, groups: list[Group], crops: Tensor, share: float) -> dict[str, Tensor]:
    """Normalized scores of every filter of every group from one pass."""
    layers = [group.consumers[0].layer for group in groups]
    moments = collect_moments(net, layers, crops.split(_BATCH), share=share)
    return {group.name: group_scores(net, group, moments) for group in groups}


@app.command()
def main(
    images: Annotated[int, typer.Option(min=1, help="Views of the demo photo that both ways look at.")] = 64,
    filters: Annotated[int, typer.Option(min=2, help="Filters of each layer timed by brute force.")] = 6,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 1,
    result: Annotated[Path, typer.Option("--out", help="Where the JSON goes.")] = _RESULT,
) -> None:
    """Time both, compare their choice, write the result."""
    torch.set_num_threads(threads)
    checkpoint = load_checkpoint(shipped_models_dir() / "mdp-1x" / "model.safetensors")
    net, groups = checkpoint.net, find_groups(checkpoint.net)
    views = demo_views(checkpoint.header.crop_rule, images)
    crops = torch.from_numpy(views).permute(0, 3, 1, 2)
    sampled = closed_form(net, groups, crops, share=0.05)
    random = torch.Generator().manual_seed(0)
    layers, closed_seconds = [], []
    for group in track(groups, "layers", transient=True):
        started = time.perf_counter()
        whole = closed_form(net, groups, crops, share=1)
        closed_seconds.append(time.perf_counter() - started)
        sample = torch.randperm(group.width, generator=random)[:filters].tolist()
        before = answers(net, group, crops)
        brute, seconds = [], []
        for filter_ in sample:
            started = time.perf_counter()
            brute.append(brute_force(net, group, crops, before, filter_))
            seconds.append(time.perf_counter() - started)
        scores = whole[group.name]
        agreement = float(np.asarray(spearmanr(scores, sampled[group.name]))[0])
        layers.append(Layer(group, sample, scores[sample].tolist(), brute, seconds, agreement))
    document = summary(layers, closed_seconds, images, threads)
    write_json(result, document)
    print_json({name: value for name, value in document.items() if name != "layers"})


def summary(layers: list[Layer], closed_seconds: list[float], images: int, threads: int) -> dict[str, Any]:
    """The document that is written."""
    brute_seconds = sum(median(layer.seconds) * layer.group.width for layer in layers)
    machine = describe_machine().model_dump(exclude={"flags"})
    return {
        "model": "mdp-1x",
        "images": images,
        "threads": threads,
        "machine": machine,
        "filters": sum(layer.group.width for layer in layers),
        "filters_timed_by_brute_force": sum(len(layer.sample) for layer in layers),
        "closed_form_seconds_all_filters_all_positions": round(median(closed_seconds), 3),
        "brute_force_seconds_all_filters_scaled_up": round(brute_seconds, 1),
        "times_faster": round(brute_seconds / median(closed_seconds)),
        "same_choice_in_every_layer": all(layer.same_choice for layer in layers),
        "largest_relative_difference": max(relative_difference(layer) for layer in layers),
        "spearman_5_percent_of_positions": {
            "lowest": round(min(layer.spearman for layer in layers), 4),
            "median": round(median(layer.spearman for layer in layers), 4),
        },
        "layers": [
            {
                "layer": layer.group.name,
                "filters": layer.group.width,
                "brute_force_seconds_a_filter": round(median(layer.seconds), 4),
                "same_choice": layer.same_choice,
                "spearman_5_percent_of_positions": round(layer.spearman, 4),
            }
            for layer in layers
        ],
    }


def relative_difference(layer: Layer) -> float:
    """Largest difference of the two ways, once the layer's energy is divided out, relative."""
    ratios = [c / b for c, b in zip(layer.closed, layer.brute, strict=True) if b > 0]
    middle = median(ratios)
    return float(f"{max(abs(ratio / middle - 1) for ratio in ratios):.2g}")


if __name__ == "__main__":
    run(app)

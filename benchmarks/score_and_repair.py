"""What a cut costs by score and repair: the shipped 1X without any retraining.

    python -m benchmarks.score_and_repair --data mtfl:PATH

All 16 layers of the paper's scope are cut at once, at each rate by each score with each repair. Scores
and repairs see 512 training faces, 5 % of their positions, as `facekp-train prune` does. The NME is over
300 faces spread evenly over the split that figures are reported on, from the data set's boxes, refined
once. Written to benchmarks/results/score_and_repair.json; for docs/results/pruning.md.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, get_args

import torch
import typer

from facekp_train.batches.face_store import FaceStore, gather_faces
from facekp_train.common.console import new_app, print_json, run, say
from facekp_train.common.files import write_json
from facekp_train.common.shipped import shipped_models_dir
from facekp_train.datasets import open_dataset
from facekp_train.evaluation.evaluate import answer
from facekp_train.networks.checkpoint import Checkpoint, load_checkpoint
from facekp_train.networks.sizes import share_of_width
from facekp_train.pipeline.widths import group_moments, narrowed
from facekp_train.pruning.choices import Repair, Score
from facekp_train.pruning.groups import find_groups
from facekp_train.pruning.scores import rank
from facekp_train.pruning.settings import PruneSettings
from facekp_train.samples import FaceSample, evenly

_RESULT = Path(__file__).parent / "results" / "score_and_repair.json"
_RATES = (0.1, 0.3)
_JUDGED = 300

app = new_app("score_and_repair", "NME after a cut, by score and repair, without retraining.")


@app.command()
def main(
    data: Annotated[str, typer.Option(help="Faces, FORMAT:PATH; scores see those to train on.")],
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 1,
    result: Annotated[Path, typer.Option("--out", help="Where the JSON goes.")] = _RESULT,
) -> None:
    """Cut, measure, write the table."""
    torch.set_num_threads(threads)
    checkpoint = load_checkpoint(shipped_models_dir() / "mdp-1x" / "model.safetensors")
    training = spread(list(open_dataset(data)), PruneSettings(rate=0.5).images)
    points = checkpoint.net.config.points
    store = FaceStore(gather_faces(training, points), points, checkpoint.header.crop_rule)
    reported = open_dataset(data, open_dataset(data).format.evaluation)
    judged = spread(list(reported), _JUDGED)
    before = nme(checkpoint, judged)
    say(f"whole: {before}")
    document = {
        "model": "mdp-1x",
        "data": data.partition(":")[0],
        "split": reported.split,
        "faces": len(judged),
        "nme_whole": before,
        "cuts": table(checkpoint, store, judged),
    }
    write_json(result, document)
    print_json(document)


def spread(faces: list[FaceSample], count: int) -> list[FaceSample]:
    """That many faces, evenly over a list."""
    return [faces[i] for i in evenly(len(faces), count)]


def nme(checkpoint: Checkpoint, faces: list[FaceSample]) -> float:
    """In percent, by the data's primary normalizer."""
    result = answer(checkpoint.predict, faces, checkpoint.header.crop_rule, progress=False).score()
    return round(result.nme[result.normaliser], 3)


def table(checkpoint: Checkpoint, store: FaceStore, judged: list[FaceSample]) -> list[dict[str, Any]]:
    """One row for each rate, score and repair."""
    net = checkpoint.net
    groups = find_groups(net)
    moments = group_moments(net, groups, PruneSettings(rate=0.5), store)
    rows = []
    for rate in _RATES:
        widths = {group.name: share_of_width(group.width, 1 - rate) for group in groups}
        for score in get_args(Score):
            for repair in get_args(Repair):
                settings = PruneSettings(rate=rate, score=score, repair=repair)
                rankings = {group.name: rank(net, group, moments, score, repair) for group in groups}
                cut = narrowed(net, groups, widths, rankings, moments, settings)
                left = nme(replace(checkpoint, net=cut), judged)
                rows.append({"rate": rate, "score": score, "repair": repair, "nme": left})
                say(str(rows[-1]))
    return rows


if __name__ == "__main__":
    run(app)

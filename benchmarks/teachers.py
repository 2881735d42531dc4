"""Which nets label best: candidates alone and in pairs, with one look and averaged over several.

    python -m benchmarks.teachers --data mtfl:PATH --split validation --every 4 --model A --model B

NME in percent of the eye distance, over the five points that a hand placed, from the data set's boxes.
`plain`: one crop, refined once, as a deployed model meets faces. `mirror`: the second crop also in the
mirror. `averaged`: over boxes, tilts and the mirror, as `facekp-train label` does. Pairs are averaged.
Written to benchmarks/results/teachers.json; for models/teacher/README.md and docs/results/distillation.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.progress import track

from facekp_train.boxes import tight_box_of
from facekp_train.common.console import err, new_app, print_json, run
from facekp_train.common.files import write_json
from facekp_train.datasets import open_dataset
from facekp_train.evaluation.evaluate import answer
from facekp_train.images import read_image
from facekp_train.implied_five import implied_five
from facekp_train.labels.averaging import VARIANTS, AveragedNets, CropVariant
from facekp_train.networks.checkpoint import Checkpoint, load_checkpoint
from facekp_train.samples import FaceSample

_RESULT = Path(__file__).parent / "results" / "teachers.json"
_BATCH = 32

app = new_app("teachers", "Candidates for a teacher, alone and in pairs, with one look and averaged.")


def averaged_nme(
    checkpoints: Sequence[Checkpoint], variants: Sequence[CropVariant], faces: Sequence[FaceSample]
) -> float:
    """NME of the averaged answer, percent of the eye distance; its offset is the nets' mean."""
    nets = AveragedNets(checkpoints, variants)
    offsets = [np.array(net.header.five_offset or np.zeros((5, 2))) for net in checkpoints]
    offset = np.mean(offsets, axis=0).tolist()
    errors = []
    for batch in _batches(faces):
        images = [read_image(face.image) for face in batch]
        answers, _ = nets(images, [tight_box_of(face, prefer_listed=True) for face in batch])
        for points, face in zip(answers, batch, strict=True):
            five = implied_five(points, nets.scheme, offset)
            eyes = np.linalg.norm(face.keypoints[1] - face.keypoints[0])
            errors.append(np.linalg.norm(five - face.keypoints, axis=1).mean() / eyes)
    return 100 * float(np.mean(errors))


def _batches(faces: Sequence[FaceSample]) -> Iterator[Sequence[FaceSample]]:
    starts = track(range(0, len(faces), _BATCH), console=err, transient=True)
    return (faces[start : start + _BATCH] for start in starts)


@app.command()
def main(
    data: Annotated[str, typer.Option(help="a data set with five hand-placed points")],
    model: Annotated[list[Path], typer.Option(help="a candidate's checkpoint; repeat it")],
    split: Annotated[str | None, typer.Option()] = None,
    every: Annotated[int, typer.Option(min=1, help="look at each Nth face")] = 4,
) -> None:
    """Print the table as JSON, and write it."""
    dataset = open_dataset(data, split)
    faces = list(dataset)[::every]
    nets = {str(path): load_checkpoint(path) for path in model}
    rows = {}
    for name, net in nets.items():
        header = net.header
        answers = answer(
            net.predict, faces, header.crop_rule, scheme=header.scheme, five_offset=header.five_offset
        )
        plain = answers.score().nme["inter_pupil"]
        mirrored = averaged_nme([net], (CropVariant(),), faces)
        careful = averaged_nme([net], VARIANTS, faces)
        rows[name] = {"plain": plain, "mirror": mirrored, "averaged": careful}
    for pair in combinations(nets, 2):
        rows[" + ".join(pair)] = {"averaged": averaged_nme([nets[name] for name in pair], VARIANTS, faces)}
    rounded = {name: {kind: round(nme, 3) for kind, nme in row.items()} for name, row in rows.items()}
    document = {"data": data.partition(":")[0], "split": dataset.split, "faces": len(faces), "nme": rounded}
    write_json(_RESULT, document)
    print_json(document)


if __name__ == "__main__":
    run(app)

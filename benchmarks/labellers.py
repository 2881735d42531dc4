r"""How far each labeller, and each way of fusing them, lies from an annotator's 68 points.

    python -m benchmarks.labellers --labels labels.json --data pts:PATH --model A --model B \
        --also mesh:FILE --also dlib:FILE

`labels.json` is a file of `facekp-train label --also`, made with the same nets and labellers: its constant
differences, fitted on the training list, are taken away here. The faces are judged alone: nothing is fitted
on them. Errors are over the root of the area of the tight box of the 68 points. Written to
benchmarks/results/labellers.json; for docs/results/accuracy.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from facekp_train.batches.face_store import gather_faces
from facekp_train.boxes import tight_box_of
from facekp_train.common.console import UserError, new_app, out, run
from facekp_train.common.files import parse_json, write_json
from facekp_train.evaluation.significance import paired_change
from facekp_train.face_parts import parts_of
from facekp_train.images import read_image
from facekp_train.labels.averaging import AveragedNets
from facekp_train.labels.fuse import GROUPS, POINTS, fuse, moved
from facekp_train.labels.labellers import Labeller, open_labellers
from facekp_train.landmarks import Doubles, scheme_of, to_five
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.pose import TURN_EDGES, turn_of
from facekp_train.samples import FaceSample
from facekp_train.training.data import samples_of

_RESULT = Path(__file__).parent / "results" / "labellers.json"
_NETS = "nets"

app = new_app("labellers", "Labellers and their fusion against an annotator's 68 points.")


@app.command()
def main(
    labels: Annotated[Path, typer.Option(help="A file of facekp-train label --also.")],
    data: Annotated[str, typer.Option(help="Faces to judge by, FORMAT:PATH, never trained on.")],
    model: Annotated[list[Path], typer.Option(help="The nets that labeled.")],
    also: Annotated[list[str], typer.Option(help="The other labellers, as KIND:FILE.")],
    result: Annotated[Path, typer.Option("--out", help="Where the JSON goes.")] = _RESULT,
) -> None:
    """Look, fuse, measure, write the table."""
    torch.set_num_threads(1)
    others = open_labellers(also)
    known = {entry["kind"]: np.array(entry["offset"]) for entry in _info(labels)["labellers"]}
    nets = AveragedNets([load_checkpoint(path) for path in model])
    faces = [face.sample for face in gather_faces(samples_of([data], None, []), POINTS)]
    answers = _looked(nets, others, faces)
    shapes = {"nets, as they are": answers[_NETS]}
    shapes |= {kind: moved(points, known[kind]) for kind, points in answers.items()}
    for end in range(2, len(answers) + 1):
        kinds = list(answers)[:end]
        shapes[" + ".join(kinds)] = _fused([shapes[kind] for kind in kinds], others[: end - 1])
    rows = _rows(shapes, faces)
    document = {"data": data.partition(":")[0], "faces": len(faces), "rows": rows}
    write_json(result, document)
    for row in rows:
        out.print(json.dumps(row))


def _info(labels: Path) -> dict[str, Any]:
    document = parse_json(labels.read_text(encoding="utf-8"))
    info = document.get("info") if isinstance(document, dict) else None
    if not isinstance(info, dict) or "labellers" not in info:
        raise UserError(f"{labels} does not say who labeled; give a file of facekp-train label --also")
    return info


def _looked(nets: AveragedNets, others: list[Labeller], faces: list[FaceSample]) -> dict[str, Doubles]:
    found: dict[str, list[Any]] = {_NETS: [], **{labeller.kind: [] for labeller in others}}
    for sample in faces:
        image = read_image(sample.image)
        (points,), _ = nets([image], [tight_box_of(sample)])
        found[_NETS].append(points)
        for labeller in others:
            found[labeller.kind].append(labeller(image, points))
    return {kind: np.array(points, np.float64) for kind, points in found.items()}


def _fused(shapes: list[Doubles], others: list[Labeller]) -> Doubles:
    heard = [shape.copy() for shape in shapes]
    for shape, labeller in zip(heard[1:], others, strict=True):
        if not labeller.sees_jaw:
            shape[:, GROUPS["jaw"]] = np.nan
    return fuse(heard, [False, *(labeller.counts_where_it_agrees for labeller in others)]).points


def _rows(shapes: dict[str, Doubles], faces: list[FaceSample]) -> list[dict[str, Any]]:
    truth = np.array([sample.keypoints for sample in faces], np.float64)
    sides = np.sqrt(np.prod(np.ptp(truth, axis=1), axis=1))
    turned = turn_of(to_five(truth))
    subsets = {
        "all": np.ones(len(faces), bool),
        "frontal": turned < TURN_EDGES[0],
        "half": (turned >= TURN_EDGES[0]) & (turned < TURN_EDGES[1]),
        "profile": turned >= TURN_EDGES[1],
    }
    parts = parts_of(scheme_of(POINTS))
    reference, first_shape = next(iter(shapes.items()))
    first = np.linalg.norm(first_shape - truth, axis=2) / sides[:, None] * 100
    rows = []
    for subset, chosen in subsets.items():
        for name, points in shapes.items():
            distances = np.linalg.norm(points - truth, axis=2) / sides[:, None] * 100
            # The mesh sees no face in some photographs: its row is of the others.
            seen = chosen & np.isfinite(points).all(axis=(1, 2))
            row: dict[str, Any] = {"faces": subset, "n": int(seen.sum()), "labels": name}
            for part in ("inner51", "eyes", "jaw"):
                errors = distances[:, parts[part]].mean(axis=1)
                before = first[:, parts[part]].mean(axis=1)
                row[part] = round(float(errors[seen].mean()), 3)
                if name != reference:
                    change = paired_change(before[seen], errors[seen], np.flatnonzero(seen)).percent
                    row[f"{part}_change"] = [round(value, 1) for value in change]
            rows.append(row)
    return rows


if __name__ == "__main__":
    run(app)

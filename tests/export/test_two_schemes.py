"""Two schemes of one number of keypoints, side by side in one process: nothing is taken for the other."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_export.commands.options import labelled_data, read_faces
from facekp_train.datasets import open_dataset
from facekp_train.datasets.writing import coco
from facekp_train.datasets.writing.written import Entry
from facekp_train.draw import draw_keypoints
from facekp_train.landmarks import SCHEMES, known_schemes, meaning, scheme_of
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.own_schemes import scheme_from, scheme_in_checkpoint
from facekp_train.samples import FaceSample
from facekp_train.schemes import Scheme
from facekp_train.training.recipe import make_recipe
from tests.support.files.annotated_faces import face_like
from tests.support.models.quick_fits import QUICK
from tests.support.models.train_cli import command, printed, ring

IBUG = scheme_of(68)
REVERSED = scheme_from(
    {
        "name": "reversed68",
        "points": [f"mine {name}" for name in reversed(IBUG.names)],
        "pairs": [[67 - i, 67 - j] for i, j in enumerate(IBUG.flip) if i < j],
        "normalizers": {"eyes": [67 - 36, 67 - 45]},
        "lines": [[67 - point for point in line] for line in IBUG.lines],
        "five": [[67 - point for point in group] for group in IBUG.five or ()],
    }
)
QUICKLY = [word for setting in QUICK for word in ("--set", setting)]


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same ten faces in the order of each scheme, as COCO files with its names; the scheme's file."""
    folder = tmp_path_factory.mktemp("faces")
    own, published = [], []
    for number in range(10):
        image = folder / f"{number}.png"
        cv2.imwrite(str(image), np.full((120, 120, 3), 20 * number, np.uint8))
        points = (face_like(68, number) * 90 + 12).astype(np.float32)
        for entries, placed in ((own, points[::-1]), (published, points)):
            entries.append(Entry(FaceSample(image, placed, np.ones(68, bool)), (120, 120)))
    coco.write(folder / "own.json", own, REVERSED)
    coco.write(folder / "ibug.json", published, IBUG)
    (folder / "reversed.yaml").write_text(json.dumps({"name": "reversed68", **_as_file(REVERSED)}))
    return {name: folder / name for name in ("own.json", "ibug.json", "reversed.yaml")}


def _as_file(scheme: Scheme) -> dict[str, object]:
    return {
        "points": list(scheme.names),
        "pairs": [[i, j] for i, j in enumerate(scheme.flip) if i < j],
        "normalizers": {name: [list(end) for end in ends] for name, ends in scheme.normalisers.items()},
        "lines": [list(line) for line in scheme.lines],
        "five": [list(group) for group in scheme.five or ()],
    }


def test_a_block_means_one_and_the_next_the_other() -> None:
    for scheme in (REVERSED, IBUG, REVERSED):
        with meaning(scheme):
            assert scheme_of(68) is scheme
        assert scheme_of(68) is IBUG and "reversed68" not in known_schemes()
    impostor = scheme_from({"name": "ibug68", **_as_file(REVERSED)})
    with pytest.raises(ValueError, match="is built in, and yours is another"), meaning(impostor):
        pass
    assert SCHEMES[68] is IBUG


def test_names_tell_which_scheme_a_file_is_of(faces: dict[str, Path]) -> None:
    spec = f"coco:{faces['own.json']}"
    other = open_dataset(spec)
    assert list(other) == [] and len(other.skipped) == 10
    assert "is named 'mine inner_lips_7', where the order has" in other.skipped[0]["reason"]
    with meaning(REVERSED):
        own = list(open_dataset(spec))
    for mine, published in zip(own, open_dataset(f"coco:{faces['ibug.json']}"), strict=True):
        np.testing.assert_allclose(mine.keypoints, published.keypoints[::-1], atol=0.01)


def test_a_recipe_with_a_scheme_leaves_the_next_one_alone(faces: dict[str, Path]) -> None:
    own = make_recipe("modern", {"data": ["pts:x"], "scheme": str(faces["reversed.yaml"])}, [])
    plain = make_recipe("modern", {"data": ["pts:x"]}, [])
    assert (own.own_scheme(), plain.own_scheme(), plain.points) == (REVERSED, None, 68)
    assert scheme_of(68) is IBUG


def test_two_nets_are_trained_and_measured_in_one_process(
    faces: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from facekp_train.evaluation.measure import measure
    from facekp_train.training.fit import fit

    nets = {}
    for name, scheme in (("own", REVERSED), ("ibug", IBUG)):
        settings = {"data": [f"coco:{faces[name + '.json']}"], "epochs": 1}
        if scheme is REVERSED:
            settings["scheme"] = str(faces["reversed.yaml"])
        assert fit(make_recipe("modern", settings, QUICK), tmp_path / name)
        nets[name] = tmp_path / name / "best.safetensors"
        assert scheme_in_checkpoint(nets[name]) == load_checkpoint(nets[name]).header.scheme == scheme
    assert scheme_of(68) is IBUG
    for name, path in nets.items():
        checkpoint = load_checkpoint(path)
        figures = measure(checkpoint, open_dataset(f"coco:{faces[name + '.json']}")).evaluation
        assert figures.n == 10 and "keypoints" not in figures.settings
        read = read_faces(labelled_data(f"coco:{faces[name + '.json']}", None, None, False),
                          checkpoint.header.scheme)  # fmt: skip
        assert read and len(read.samples) == 10
    capsys.readouterr()
    # A net of one scheme on the other's faces: through the five that both imply.
    words = ("--model", nets["ibug"], "--data", f"coco:{faces['own.json']}", "--json")
    assert command("evaluate", *words, "--scheme", faces["reversed.yaml"]) == 0
    document = printed(capsys)
    assert document["settings"]["keypoints"] == {"model": 68, "data": 68, "compared": 5}
    assert document["n"] == 10 and set(document["nme"]) == {"eyes", "box"}


def test_each_is_drawn_with_its_own_lines() -> None:
    canvas = np.zeros((400, 400, 3), np.uint8)
    points = ring(68) * 5 - [100, 50]  # where no dot covers another
    one = draw_keypoints(canvas, points, scheme=IBUG)
    other = draw_keypoints(canvas, points[::-1], scheme=REVERSED)
    wrong = draw_keypoints(canvas, points[::-1], scheme=IBUG)
    assert 10 * (one != other).sum() < (one != wrong).sum()

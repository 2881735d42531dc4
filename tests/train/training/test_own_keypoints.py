"""Keypoints of one's own: any number of them trains, and their scheme travels with the net."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from facekp_train.datasets import open_dataset
from facekp_train.landmarks import SCHEMES, adopt, scheme_of
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.own_schemes import scheme_from
from facekp_train.training.initial import start_from
from facekp_train.training.recipe import make_recipe
from tests.support.models.quick_fits import QUICK
from tests.support.models.train_cli import annotated, command, printed

QUICKLY = [word for setting in QUICK for word in ("--set", setting)]


def photographs(folder: Path, points: int, name: str = "mine") -> Path:
    """A scheme of that many points and twelve photographs that have them; the scheme's file."""
    for place in range(12):
        annotated(folder / "photos", f"p{place}", points, middle=place)
    file = folder / "scheme.yaml"
    file.write_text(f"name: {name}\npoints: {points}\npairs: [[0, 1]]\nlines: [[0, 1]]\n")
    return file


def fitted(folder: Path, *more: str | Path) -> Path:
    code = command(
        "fit", "--data", f"pts:{folder / 'photos'}", "--epochs", "1", "--out", folder / "run", *QUICKLY, *more
    )
    assert code == 0
    return folder / "run" / "best.safetensors"


@pytest.mark.parametrize("points", [2, 5, 12, 478, 1000])
def test_any_number_of_points_trains_and_is_measured(
    points: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scheme = photographs(tmp_path, points)
    best = fitted(tmp_path, "--scheme", scheme)
    header = load_checkpoint(best).header
    assert header.net.points == points and header.scheme.name == "mine"
    assert header.scheme.flip[:2] == (1, 0) and header.scheme.lines == ((0, 1),)
    capsys.readouterr()
    words = ("--data", f"pts:{tmp_path / 'photos'}", "--scheme", scheme, "--json")
    assert command("evaluate", "--model", best, *words) == 0
    assert printed(capsys)["n"] == 12


def test_a_checkpoint_brings_its_scheme_to_whoever_opens_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = fitted(tmp_path, "--scheme", photographs(tmp_path, 12))
    del SCHEMES[12]  # as in a new process
    assert command("evaluate", "--model", best, "--data", f"pts:{tmp_path / 'photos'}", "--json") == 0
    assert scheme_of(12).name == "mine"
    del SCHEMES[12]
    capsys.readouterr()
    words = ("--model", best, "--data", f"pts:{tmp_path / 'photos'}")
    assert command("evaluate", *words, "--by", "size") == 2
    said = " ".join(capsys.readouterr().err.split())
    assert (
        "no condition 'size'; these faces have none (turn and size need a scheme that implies the five)"
        in said
    )
    assert command("label", *words, "--out", tmp_path / "labels.json") == 0
    assert scheme_of(12).name == "mine"
    del SCHEMES[12]
    settings = start_from(best)
    recipe = make_recipe("modern", {"data": ["pts:x"], **settings}, [])
    assert recipe.points == 12 and scheme_of(12).name == "mine"


def test_each_keypoint_is_called_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scheme = photographs(tmp_path, 3)
    scheme.write_text("name: ears\npoints: [left_ear, right_ear, crown]\n")
    best = fitted(tmp_path, "--scheme", scheme)
    said = capsys.readouterr().err
    assert "11 faces to learn from, 1 to validate on; chance tells the best epoch of so few" in said
    assert "AMP" not in said, "the house speaks of its own training"
    assert command("evaluate", "--model", best, "--data", f"pts:{tmp_path / 'photos'}", "--verbose") == 0
    table = capsys.readouterr().out
    assert all(f"│ {name} " in table for name in ("left_ear", "right_ear", "crown"))


def test_points_of_no_part_of_a_face_have_no_table_of_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = fitted(tmp_path, "--scheme", photographs(tmp_path, 12))
    assert command("evaluate", "--model", best, "--data", f"pts:{tmp_path / 'photos'}") == 0
    assert "by group of keypoints" not in capsys.readouterr().out


def test_two_schemes_of_one_count_live_side_by_side(tmp_path: Path) -> None:
    best = fitted(tmp_path, "--scheme", photographs(tmp_path, 68))
    assert load_checkpoint(best).header.scheme.name == "mine"
    settings = start_from(best)
    assert settings["scheme"]["name"] == "mine"  # 68 points alone would mean iBUG's
    shipped = load_checkpoint(Path("models/mdp-0.25x/model.safetensors")).header
    assert shipped.scheme.name == "ibug68"


def test_data_are_surveyed_by_a_scheme(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scheme = photographs(tmp_path, 12)
    words = ("data", f"pts:{tmp_path / 'photos'}", "--json", "--out", tmp_path / "sheet.png")
    assert command(*words) == 1  # twelve points of nobody's
    capsys.readouterr()
    assert command(*words, "--scheme", scheme) == 0
    assert printed(capsys)["points"] == 12
    assert (tmp_path / "sheet.png").is_file()


def test_labels_of_a_scheme_are_written(tmp_path: Path) -> None:
    scheme = photographs(tmp_path, 12)
    best = fitted(tmp_path, "--scheme", scheme)
    labels = tmp_path / "labels.json"
    words = ("--data", f"pts:{tmp_path / 'photos'}", "--scheme", scheme, "--out", labels)
    assert command("label", "--model", best, *words) == 0
    (category,) = json.loads(labels.read_text())["categories"]
    assert category["keypoints"] == [f"{i}" for i in range(12)] and category["skeleton"] == [[1, 2]]


def test_names_in_a_file_put_keypoints_in_the_schemes_order(tmp_path: Path) -> None:
    names = ["tip", "left_nostril", "right_nostril"]
    adopt(scheme_from({"name": "nose", "points": names}))
    annotated(tmp_path, "p", 3)
    category = {"id": 1, "name": "nose", "keypoints": ["right nostril", "Left_nostril", "tip"]}
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "keypoints": [70, 60, 2, 40, 60, 2, 55, 30, 2]}
    image = {"id": 1, "file_name": "p.png", "width": 120, "height": 100}
    document = {"images": [image], "annotations": [annotation], "categories": [category]}
    (tmp_path / "faces.json").write_text(json.dumps(document))
    (face,) = open_dataset(f"coco:{tmp_path / 'faces.json'}")
    assert face.keypoints.tolist() == [[55, 30], [40, 60], [70, 60]]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--scheme", "nowhere.yaml"), 2, "no such file, and no scheme of that name"),
        (("--scheme", "scheme.yaml", "--points", "13"), 2, "scheme 'mine' has 12 points and the net 13"),
    ],
)
def test_a_scheme_that_does_not_fit_is_wrong_usage(
    words: tuple[str, ...], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    photographs(tmp_path, 12)
    monkeypatch.chdir(tmp_path)
    assert command("fit", "--data", "pts:photos", "--out", "run", *words) == code
    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())

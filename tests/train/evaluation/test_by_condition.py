"""`facekp-train evaluate --by`: a model's figures by condition."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_train.evaluation.conditions import UNKNOWN, Condition, by_as_json, group_by
from facekp_train.evaluation.metrics import score
from facekp_train.samples import FaceSample
from tests.support.models.train_cli import command, printed

COLOR = Condition("color", "the photograph's", lambda face: face.attributes.get("color", UNKNOWN))


def some_faces(colors: list[str]) -> list[FaceSample]:
    """Faces of that color each; an empty one is not known, and `flat` ones cannot be measured."""
    random = np.random.default_rng(len(colors))
    faces = []
    for color in colors:
        keypoints = random.uniform(0, 100, (5, 2)).astype(np.float32)
        if color == "flat":
            keypoints[:] = keypoints[0]
        attributes = {"color": color} if color else {}
        faces.append(FaceSample(Path("a.png"), keypoints, np.ones(5, bool), attributes=attributes))
    return faces


@given(st.lists(st.sampled_from(["red", "blue", "green", "flat", ""]), min_size=1, max_size=30))
def test_groups_are_what_their_faces_alone_would_give(colors: list[str]) -> None:
    faces = some_faces([*colors, "red"])
    truth = np.stack([face.keypoints for face in faces])
    predicted = truth + np.random.default_rng(0).normal(0, 8, truth.shape)
    whole = score(predicted, truth)
    (by,) = group_by([COLOR], whole, faces)

    places: dict[str, list[int]] = defaultdict(list)
    for place, color in enumerate([*colors, "red"]):
        if color != "flat":
            places[color or UNKNOWN].append(place)
    assert list(by.figures) == sorted(places, key=lambda name: (name == UNKNOWN, name))
    for name, members in places.items():
        alone = score(predicted[members], truth[members])
        figures = by.figures[name]
        assert (figures.n, figures.failure_rate) == (alone.n, alone.failure_rate)
        assert (figures.nme, figures.median) == pytest.approx((alone.nme[alone.normaliser], alone.median))
    assert sum(figures.n for figures in by.figures.values()) == whole.n == len(by.members)
    mean = sum(figures.n * figures.nme for figures in by.figures.values()) / whole.n
    assert mean == pytest.approx(whole.nme[whole.normaliser])
    json.dumps(by_as_json([by]), allow_nan=False)


def face_row(five: np.ndarray, pose: int, glasses: int) -> str:
    """A row of MTFL's own list, which counts pixels from 1."""
    x, y = (" ".join(f"{value + 1:.2f}" for value in axis) for axis in five.T)
    return f"a.png {x} {y} 1 2 {glasses} {pose}"


@pytest.fixture
def mtfl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five faces of MTFL's own training list: eyes 24 and 50 px apart, frontal, turned and profile."""
    cv2.imwrite(str(tmp_path / "a.png"), np.full((150, 150, 3), 80, np.uint8))
    shape = np.array([(-0.5, -0.6), (0.5, -0.6), (0.0, 0.0), (-0.4, 0.5), (0.4, 0.5)])
    rows = []
    for number, (eyes, aside) in enumerate([(24, 0.0), (50, 0.1), (50, -0.25), (50, 0.3), (24, 0.7)]):
        shape[2, 0] = aside
        five = shape * eyes + 70 + number
        rows.append(face_row(five, pose=(3, 3, 2, 4, 5)[number], glasses=1 + (number > 0)))
    (tmp_path / "training.txt").write_text("\n".join(rows) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words_for(mtfl: Path, checkpoints: Path, *more: str) -> list[str]:
    model = str(checkpoints / "68.safetensors")
    return ["evaluate", "--model", model, "--data", f"mtfl:{mtfl}", "--split", "training", *more]


def test_by_adds_to_the_document_and_changes_nothing_else(
    mtfl: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*words_for(mtfl, checkpoints, "--json")) == 0
    plain = printed(capsys)
    assert command(*words_for(mtfl, checkpoints, "--json", "--by", "turn,size,pose,glasses")) == 0
    document = printed(capsys)
    by = document.pop("by")
    assert document == plain
    counts = {
        condition: {name: group["n"] for name, group in groups.items()} for condition, groups in by.items()
    }
    assert counts == {
        "turn": {"frontal": 2, "half": 2, "profile": 1},
        "size": {"20 to 30 px": 2, "40 to 80 px": 3},
        "pose": {"frontal": 2, "left": 1, "right": 1, "right profile": 1},
        "glasses": {"no": 4, "yes": 1},
    }
    for groups in by.values():
        fields = ["n", "nme", "median", "failure_rate", "groups"]
        assert all(list(group) == fields for group in groups.values())
        assert all(list(group["groups"]) == ["nose", "eyes", "mouth"] for group in groups.values())
        assert all(set(group["failure_rate"]) == {"8", "10"} for group in groups.values())
        total = sum(group["n"] * group["nme"] for group in groups.values())
        assert total / 5 == pytest.approx(document["nme"]["inter_pupil"])


def test_tables_name_the_normaliser_and_the_bounds(
    mtfl: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*words_for(mtfl, checkpoints, "--by", "turn,size")) == 0
    text = capsys.readouterr().out
    assert text.count("NME over inter-pupil distance") == 6  # three tables, and three by group of keypoints
    assert "frontal below 0.15, half below 0.4, profile from there on" in text
    assert "by size: the eye distance in pixels" in text
    line, _ = (line for line in text.splitlines() if line.split()[1:2] == ["profile"])
    assert line.split()[3] == "1"


def test_the_report_has_every_faces_groups(mtfl: Path, checkpoints: Path) -> None:
    pytest.importorskip("matplotlib", reason="needs facekp[train]")
    assert command(*words_for(mtfl, checkpoints, "--by", "turn,pose", "--out", "report")) == 0
    by = json.loads(Path("report/evaluation.json").read_text())["by"]
    rows = list(csv.DictReader(Path("report/errors.csv").read_text().splitlines()))
    assert [row["turn"] for row in rows] == ["frontal", "frontal", "half", "half", "profile"]
    for condition, groups in by.items():
        for name, figures in groups.items():
            errors = [float(row["percent of inter_pupil"]) for row in rows if row[condition] == name]
            assert (len(errors), np.mean(errors)) == (figures["n"], pytest.approx(figures["nme"], abs=1e-3))


@pytest.mark.parametrize(
    ("split", "by", "message"),
    [
        (
            "training",
            "hair",
            "no condition 'hair'; these faces have turn, size, gender, smile, glasses, pose",
        ),
        ("training", "turn,", "no condition ''"),
        ("validation", "hair", "these faces have turn, size, gender, smile, glasses, pose"),
    ],
)
def test_an_unknown_condition_is_wrong_usage(
    mtfl: Path, capsys: pytest.CaptureFixture[str], split: str, by: str, message: str
) -> None:
    (mtfl / "testImageList.txt").write_text("a.png 40 110 20 90 60 40 90 40 75 55 62 70 88 70\n")
    words = ["evaluate", "--model", "a.safetensors", "--data", f"mtfl:{mtfl}", "--split", split]
    assert command(*words, "--by", by) == 2
    streams = capsys.readouterr()
    assert message in " ".join(streams.err.replace("│", " ").split())
    assert streams.out == ""


def test_a_condition_that_a_splits_list_leaves_out_is_named_and_the_rest_measured(
    mtfl: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """MTFL's validation list has no attributes: pose is told from the keypoints, the others not at all."""
    rows = ("60 40 90 40 75 55 62 70 88 70", "60 40 90 40 61 55 62 70 88 70", "60 40 90 40 84 55 62 70 88 70")
    (mtfl / "testImageList.txt").write_text("".join(f"a.png 40 110 20 90 {row}\n" for row in rows))
    model = str(checkpoints / "68.safetensors")
    words = ["evaluate", "--model", model, "--data", f"mtfl:{mtfl}", "--split", "validation", "--json"]
    assert command(*words, "--by", "pose,glasses,smile") == 0
    streams = capsys.readouterr()
    document = json.loads(streams.out)
    by = document["by"]
    assert [sentence.split("does not tell ")[1].split(":")[0] for sentence in document["warnings"]] == [
        "pose",
        "glasses",
        "smile",
    ]
    assert {name: figures["n"] for name, figures in by["pose"].items()} == {
        "left profile": 1,
        "frontal": 1,
        "right": 1,
    }
    assert {tuple(by[name]) for name in ("glasses", "smile")} == {(UNKNOWN,)}
    assert streams.err.count("warning: ") == 3
    assert "does not tell pose: told from the keypoints" in streams.err
    assert "does not tell smile: all faces are 'unknown'" in streams.err


def test_a_list_that_is_missing_is_a_failure(mtfl: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "--model", "a.safetensors", "--data", f"mtfl:{mtfl}", "--split", "test"]
    assert command(*words, "--by", "turn") == 1
    assert "testing.txt is missing" in capsys.readouterr().err


def test_a_bad_photograph_stops_a_strict_run_as_it_does_without_by(
    photos: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = checkpoints / "68.safetensors"
    assert command("evaluate", "--model", model, "--data", f"pts:{photos}", "--strict", "--by", "size") == 1
    assert "--strict stops here" in capsys.readouterr().err

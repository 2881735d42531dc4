"""Keypoints of numbers that nobody has published, and folders that are called as a format is."""

from __future__ import annotations

from pathlib import Path

import pytest

from facekp_train.datasets import DataError, open_dataset
from facekp_train.datasets.guess import named
from facekp_train.landmarks import scheme_of
from tests.support.files.annotated_faces import picture
from tests.support.models.train_cli import command

pytest.importorskip("yaml", reason="needs facekp[train]")

POINTS = 14
FLIP = [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 10, 11, 13, 12]


def yolo(folder: Path, flip: list[int] | None, names: list[str] | None = None) -> Path:
    """https://docs.ultralytics.com/datasets/pose: three faces of 14 points."""
    stated = "" if flip is None else f"flip_idx: {flip}\n"
    stated += "" if names is None else f"kpt_names:\n  0: {names}\n"
    folder.mkdir(exist_ok=True)
    (folder / "data.yaml").write_text(
        f"path: .\ntrain: images\nval: images\nkpt_shape: [{POINTS}, 3]\n{stated}names:\n  0: face\n"
    )
    (folder / "labels").mkdir()
    for number in range(3):
        picture(folder / "images" / f"{number}.png")
        shares = " ".join(
            f"{0.3 + 0.02 * i + 0.01 * number:.3f} {0.4 + 0.01 * (i % 5):.3f} 2" for i in range(POINTS)
        )
        (folder / "labels" / f"{number}.txt").write_text(f"0 0.5 0.5 0.6 0.6 {shares}\n")
    return folder


def test_yolos_flip_idx_tells_the_pairs(tmp_path: Path) -> None:
    dataset = open_dataset(named(str(yolo(tmp_path, FLIP))))
    assert [len(face.keypoints) for face in dataset] == [POINTS] * 3
    assert scheme_of(POINTS).flip == tuple(FLIP)
    assert any("in the mirror image 0 and 1, 2 and 3" in text for text in dataset.warnings)


def test_it_counts_before_names_that_say_no_side(tmp_path: Path) -> None:
    names = [f"mark {'abcdefghijklmn'[place]}" for place in range(POINTS)]
    dataset = open_dataset(named(str(yolo(tmp_path, FLIP, names))))
    assert len(list(dataset)) == 3
    assert scheme_of(POINTS).flip == tuple(FLIP)


@pytest.mark.parametrize(
    ("flip", "sentence"),
    [
        ([1, 2, 0, *range(3, POINTS)], "is no exchange of pairs"),
        ([0, 0, *range(2, POINTS)], "does not name each of the 14 keypoints once"),
        ([1, 0], "does not name each of the 14 keypoints once"),
    ],
)
def test_what_exchanges_no_pairs_is_refused(flip: list[int], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=sentence):
        list(open_dataset(named(str(yolo(tmp_path, flip)))))


def test_without_it_the_remedy_is_said(tmp_path: Path) -> None:
    dataset = open_dataset(named(str(yolo(tmp_path, None))))
    assert list(dataset) == []
    assert "--scheme FILE.yaml (docs/guides/keypoints.md)" in dataset.skipped[0]["reason"]


@pytest.mark.parametrize("name", ["yolo", "coco", "csv"])
def test_a_folder_may_be_called_as_a_format(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    yolo(Path(name), FLIP)
    assert named(name) == f"yolo:{name}/data.yaml"
    with pytest.raises(DataError, match=f"facekp-train data {name} tells it"):
        open_dataset(name)


def test_vias_csv_is_known_and_what_was_looked_at_is_named(tmp_path: Path) -> None:
    # https://www.robots.ox.ac.uk/~vgg/software/via, "Export Annotations (as csv)"
    file = tmp_path / "via_region_data.csv"
    file.write_text(
        "filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes\n"
        'a.png,1,"{}",1,0,"{""name"":""point"",""cx"":6,""cy"":8}","{""name"":""left_eye""}"\n'
    )
    picture(tmp_path / "a.png")
    with pytest.raises(
        DataError, match=r"via_region_data.csv is VIA's CSV, .* export the annotations as JSON"
    ):
        named(str(tmp_path))
    with pytest.raises(DataError, match="export the annotations as JSON"):
        list(open_dataset(f"csv:{file}"))


def test_a_training_says_why_no_face_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="needs facekp[train]")
    monkeypatch.chdir(tmp_path)
    yolo(Path("faces"), None)
    assert command("fit", "--data", "yolo:faces/data.yaml", "--out", "run") == 1
    assert "3 were skipped, first data.yaml: line 1 of 0.txt: no landmark scheme has 14" in told(capsys)
    assert command("fit", "--out", "run") == 2
    assert "give the faces with --data FORMAT:PATH" in told(capsys)


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """What stands on stderr, on one line."""
    return " ".join(capsys.readouterr().err.split())

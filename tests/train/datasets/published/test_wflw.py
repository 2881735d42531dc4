"""WFLW: its lists in their true form, its subsets, its attributes as conditions."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_train.datasets import DataError, open_dataset
from facekp_train.evaluation.conditions import conditions_of
from facekp_train.evaluation.evaluate import Answers
from facekp_train.evaluation.published import row_of
from facekp_train.landmarks import to_five
from tests.support.files.annotated_faces import face_like
from tests.support.models.train_cli import command, printed

BOX = (10, 20, 90, 110)
# Pose, expression, illumination, make-up, occlusion, blur of the four test faces.
CODES = ["0 0 0 0 0 0", "1 0 0 0 1 0", "0 1 0 1 0 0", "1 0 1 0 0 1"]
LISTS = "WFLW_annotations/list_98pt_rect_attr_train_test"


def points(seed: int) -> np.ndarray:
    return (face_like(98, seed) * 85 + 15).round(6)


def row(name: str, seed: int = 0, codes: str = CODES[0], box: tuple[int, ...] = BOX) -> str:
    places = " ".join(f"{v:.6f}" for v in points(seed).ravel())
    return f"{places} {' '.join(map(str, box))} {codes} {name}"


@pytest.fixture
def wflw(tmp_path: Path) -> Path:
    """Two training faces of one photograph, four test faces, as the archives unpack."""
    for name in ("0--Parade/a", "1--Shaking/b", "1--Shaking/c"):
        image = tmp_path / "WFLW_images" / f"{name}.jpg"
        image.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(image), np.full((120, 130, 3), 90, np.uint8))
    (tmp_path / LISTS).mkdir(parents=True)
    train = [row("0--Parade/a.jpg", 8), row("0--Parade/a.jpg", 9)]
    (tmp_path / LISTS / "list_98pt_rect_attr_train.txt").write_text("\n".join(train) + "\n")
    names = ["1--Shaking/b.jpg", "1--Shaking/c.jpg", "1--Shaking/c.jpg", "1--Shaking/b.jpg"]
    test = [row(name, seed, codes) for seed, (name, codes) in enumerate(zip(names, CODES, strict=True))]
    (tmp_path / LISTS / "list_98pt_rect_attr_test.txt").write_text("\n".join(test) + "\n")
    return tmp_path


def list_of_tests(root: Path) -> Path:
    return root / LISTS / "list_98pt_rect_attr_test.txt"


@pytest.mark.parametrize(
    ("split", "seeds"),
    [
        ("train", [8, 9]), ("test", [0, 1, 2, 3]), ("pose", [1, 3]), ("expression", [2]),
        ("illumination", [3]), ("makeup", [2]), ("occlusion", [1]), ("blur", [3]),
    ],
)  # fmt: skip
def test_splits_are_the_lists_and_the_faces_with_an_attribute(
    wflw: Path, split: str, seeds: list[int]
) -> None:
    dataset = open_dataset(f"wflw:{wflw}", split)
    samples = list(dataset)
    assert len(samples) == len(seeds)
    for sample, seed in zip(samples, seeds, strict=True):
        np.testing.assert_array_equal(sample.keypoints, points(seed).astype(np.float32))
        assert sample.image.is_file() and sample.visible.all()
        assert (sample.box, sample.box_source) == ((10, 20, 80, 90), "wflw")
    assert dataset.skipped == []
    (warning,) = dataset.warnings
    assert warning.startswith(f"the split '{split}' gives {len(seeds)} faces where WFLW has ")


def test_the_five_are_eye_centers_nose_tip_and_mouth_corners(wflw: Path) -> None:
    face = next(iter(open_dataset(f"wflw:{wflw}"))).keypoints
    np.testing.assert_allclose(
        to_five(face), [face[60:68].mean(0), face[68:76].mean(0), face[54], face[76], face[82]], rtol=1e-6
    )


def test_attributes_are_conditions(wflw: Path) -> None:
    dataset = open_dataset(f"wflw:{wflw}", "test")
    conditions = conditions_of(dataset)
    assert list(conditions)[2:] == ["pose", "expression", "illumination", "makeup", "occlusion", "blur"]
    second = list(dataset)[1]
    groups = [conditions[name].group(second) for name in list(conditions)[2:]]
    assert groups == ["large", "normal", "normal", "no", "yes", "no"]


def bare(seed: int, name: str) -> str:
    """A row of a subset's own list: keypoints and name."""
    fields = row(name, seed).split()
    return " ".join([*fields[:196], fields[-1]])


def test_a_subset_has_a_list_of_its_own(wflw: Path) -> None:
    folder = wflw / "WFLW_annotations" / "list_98pt_test"
    folder.mkdir()
    (folder / "list_98pt_test_largepose.txt").write_text(bare(3, "1--Shaking/c.jpg") + "\n")
    named = open_dataset(f"wflw:{wflw}@list_98pt_test_largepose.txt", "pose")
    (sample,) = named
    np.testing.assert_array_equal(sample.keypoints, points(3).astype(np.float32))
    assert (sample.box, sample.attributes, named.warnings) == (None, {}, [])
    list_of_tests(wflw).unlink()
    dataset = open_dataset(f"wflw:{wflw}", "pose")
    assert len(list(dataset)) == 1
    assert dataset.warnings[0].endswith("read from list_98pt_test_largepose.txt, which has no boxes")
    with pytest.raises(FileNotFoundError, match=r"no list_98pt_rect_attr_test\.txt, also not in"):
        list(open_dataset(f"wflw:{wflw}", "blur"))


def test_lists_may_lie_beside_the_images_folders(wflw: Path) -> None:
    for file in (wflw / LISTS).iterdir():
        file.rename(wflw / file.name)
    for folder in (wflw / "WFLW_images").iterdir():
        folder.rename(wflw / folder.name)
    assert len(list(open_dataset(f"wflw:{wflw}", "test"))) == 4


GOOD = row("1--Shaking/b.jpg", 5)
BAD_ROWS = {
    "1 2 3": "3 columns where 207 or, in a subset's list, 197 belong",
    GOOD.rpartition(" ")[0]: "206 columns",
    row("1--Shaking/gone.jpg", 5): "the image 1--Shaking/gone.jpg is missing",
    row("1--Shaking/b.jpg", 5, "0 0 2 0 0 0"): "illumination is 2, not 0 or 1",
    row("1--Shaking/b.jpg", 5, box=(90, 20, 10, 110)): "its face box is empty",
    "nan" + GOOD[GOOD.index(" ") :]: "not a finite number",
    "x" + GOOD[GOOD.index(" ") :]: "not a number",
    "1e30" + GOOD[GOOD.index(" ") :]: "is larger than any photograph",
}


@pytest.mark.parametrize(("bad", "reason"), BAD_ROWS.items(), ids=list(BAD_ROWS.values()))
def test_bad_rows_are_counted_and_named(wflw: Path, bad: str, reason: str) -> None:
    file = list_of_tests(wflw)
    lines = file.read_text().splitlines()
    file.write_text("\n".join([lines[0], bad, *lines[1:]]))
    dataset = open_dataset(f"wflw:{wflw}", "test")
    assert len(list(dataset)) == 4
    assert [entry["file"] for entry in dataset.skipped] == [f"{file}:2"]
    assert reason in dataset.skipped[0]["reason"]
    with pytest.raises(DataError, match=r"test\.txt:2: .*--strict"):
        list(open_dataset(f"wflw:{wflw}", "test", strict=True))


def test_a_test_face_that_stands_there_twice_counts_twice(wflw: Path) -> None:
    """The published 2,500 come out, also where two rows are equal; a subset may have one of them alone."""
    rows = [row("1--Shaking/b.jpg", seed, CODES[1]) for seed in range(326)]
    rows += [row("1--Shaking/b.jpg", seed, CODES[0]) for seed in range(326, 2497)]
    # Equal but for the attribute, and wholly equal.
    rows += [row("1--Shaking/b.jpg", 0, CODES[0]), rows[2000], rows[2000]]
    list_of_tests(wflw).write_text("\n".join(rows) + "\n")
    for split, count in {"test": 2500, "pose": 326}.items():
        dataset = open_dataset(f"wflw:{wflw}", split)
        samples = list(dataset)
        assert (len(samples), dataset.skipped, dataset.warnings) == (count, [], [])
        if split == "test":
            answers = Answers(
                False, samples, [s.keypoints.astype(np.float64) for s in samples], [100.0] * count
            )
            whole = answers.score(dataset.spec, split)
            figures = row_of(dataset, answers, whole).splits
            assert figures["test"] is not None and figures["test"].n == 2500
            assert figures["pose"] is not None and figures["pose"].n == 326


def test_a_training_face_that_stands_there_twice_is_learnt_from_once(wflw: Path) -> None:
    file = wflw / LISTS / "list_98pt_rect_attr_train.txt"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines, lines[0]]) + "\n")
    dataset = open_dataset(f"wflw:{wflw}", "train")
    assert len(list(dataset)) == 2
    (entry,) = dataset.skipped
    assert entry["reason"] == "the same face of 0--Parade/a.jpg is already in line 1"


def test_data_counts_and_draws(
    wflw: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(wflw)
    assert command("data", f"wflw:{wflw}", "--json", "--out", "sheet.png") == 0
    document = printed(capsys)
    assert (document["splits"], document["points"]) == ({"train": 2, "test": 4}, 98)
    assert len(document["warnings"]) == 2 and document["skipped"] == []
    assert Path(document["sheet"]).is_file()


def test_evaluate_gives_every_subset_and_groups(
    wflw: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --split the row of WFLW's own table; a model of 68 is measured through the five."""
    arguments = ("--model", checkpoints / "68.safetensors", "--data", f"wflw:{wflw}", "--json")
    assert command("evaluate", *arguments, "--by", "pose,occlusion") == 0
    document = printed(capsys)
    counts = {name: figures["n"] for name, figures in document["splits"].items()}
    assert counts == {
        "pose": 2, "expression": 1, "illumination": 1, "makeup": 1, "occlusion": 1, "blur": 1, "test": 4,
    }  # fmt: skip
    assert document["by"]["pose"]["large"]["n"] == 2
    large, posed = document["by"]["pose"]["large"], document["splits"]["pose"]
    assert large["nme"] == pytest.approx(posed["nme"]["inter_ocular"])
    assert document["by"]["occlusion"]["yes"]["n"] == 1


def test_genuine_faces_written_as_a_list_agree_with_their_json(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "samples" / "wflw"
    document = json.loads((folder / "test_wflw.json").read_text())
    names = {image["id"]: image["file_name"] for image in document["images"]}
    rows = []
    for face in document["annotations"]:
        places = np.array(face["keypoints"]).reshape(98, 3)[:, :2]
        corners = [*np.floor(places.min(0)), *np.ceil(places.max(0))]
        numbers = " ".join(f"{v:.6f}" for v in places.ravel())
        rows.append(f"{numbers} {' '.join(f'{v:.0f}' for v in corners)} {CODES[0]} {names[face['image_id']]}")
    (tmp_path / "WFLW_images").symlink_to(folder)
    (tmp_path / "list_98pt_rect_attr_test.txt").write_text("\n".join(rows) + "\n")
    ours = list(open_dataset(f"wflw:{tmp_path}", "test"))
    theirs = list(open_dataset(f"coco:{folder / 'test_wflw.json'}"))
    assert len(ours) == len(theirs) == 4
    for a, b in zip(ours, theirs, strict=True):
        assert a.image.name == b.image.name
        np.testing.assert_allclose(a.keypoints, b.keypoints, atol=1e-4)

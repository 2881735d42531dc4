"""Folders of `.pts` files: counted from one, in every form that is found in the wild."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from facekp_train.datasets import DataError, open_dataset
from facekp_train.datasets.tools.pts import read_pts
from facekp_train.images import read_image
from tests.support.files.annotated_faces import annotated, face, picture, points_file, spec_of


def test_pts_counts_from_one(tmp_path: Path) -> None:
    points = face()
    np.testing.assert_allclose(read_pts(points_file(tmp_path / "a.pts", points)), points, atol=1e-5)


@pytest.mark.parametrize(
    "form",
    [
        "version: 1\r\nn_points:  {}\r\n{{\r\n{}\r\n}}",
        "version: 1\nN_POINTS:{}\n{{\n{}\n}}\n\n",
        " n_points : {}\n{{ {} }}",
        "{{\n{}\n}}",
    ],
)
def test_pts_as_it_is_found_in_the_wild(tmp_path: Path, form: str) -> None:
    points = face(29)
    rows = "\n".join(f"\t{x + 1}   {y + 1} " for x, y in points.tolist())
    (tmp_path / "a.pts").write_text(form.format(29, rows) if form.count("{}") == 2 else form.format(rows))
    np.testing.assert_allclose(read_pts(tmp_path / "a.pts"), points, atol=1e-5)


BAD_PTS = {
    "version: 1\nn_points: 5\n1 2\n3 4\n": "no pair of braces",
    "version: 1\nn_points: 5\n{\n1 2\n3 4\n": "no pair of braces",
    "n_points: 5\n{\n1 2\n3 4\n}\n": "states 5 points but holds 2",
    "n_points: 2\n{\n1 2\n3 4\n}\n": "no landmark scheme has 2 points",
    "n_points: 5\n{\n1 2 3 4 5 6 7 8 9 x\n}\n": "not a number",
    "n_points: five\n{\n1 2 3 4 5 6 7 8 9 10\n}\n": "not a number",
    "n_points: 5\n{\n1 2 3 4 5 6 7 8 9 inf\n}\n": "not a finite number",
    "n_points: 5\n{\n1 2 3 4 5 6 7 8 9 1e39\n}\n": "1e+39 pixels is larger than any photograph",
    "n_points: 5\n{\n1 2 3 4 5 6 7 8 9\n}\n": "states 5 points but holds 4.5",
    "": "no pair of braces",
}


@pytest.mark.parametrize(("text", "reason"), BAD_PTS.items(), ids=list(BAD_PTS.values()))
def test_broken_pts_files_are_counted_and_named(tmp_path: Path, text: str, reason: str) -> None:
    annotated(tmp_path, "good.jpg", 5)
    annotated(tmp_path, "bad.jpg", 5)
    (tmp_path / "bad.pts").write_text(text)
    dataset = open_dataset(f"pts:{tmp_path}")
    assert [sample.image.name for sample in dataset] == ["good.jpg"]
    assert dataset.skipped[0]["file"] == str(tmp_path / "bad.pts")
    assert reason in dataset.skipped[0]["reason"]
    with pytest.raises(DataError, match=r"bad\.pts"):
        list(open_dataset(f"pts:{tmp_path}", strict=True))


def test_pts_folder_is_walked_in_order_hidden_folders_too(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "b/10.png", ".hidden/x.ppm", "a.jpeg", "b/deep/er/z.bmp"):
        annotated(tmp_path, name)
    picture(tmp_path / "unlabelled.jpg")
    dataset = open_dataset(f"pts:{tmp_path}")
    names = [sample.image.relative_to(tmp_path).as_posix() for sample in dataset]
    assert names == ["a.jpeg", ".hidden/x.ppm", "b/10.png", "b/2.JPG", "b/deep/er/z.bmp"]
    bare = {"file": str(tmp_path / "unlabelled.jpg"), "reason": "no .pts file lies beside it"}
    assert dataset.skipped == [bare]
    with pytest.raises(DataError, match=r"unlabelled\.jpg: no \.pts file"):
        list(open_dataset(f"pts:{tmp_path}", strict=True))


@pytest.mark.parametrize(
    ("image", "annotation"), [("A.JPG", "A.PTS"), ("IMG_1.JPG", "img_1.pts"), ("b.jpg", "B.Pts")]
)
def test_pts_case_does_not_matter(tmp_path: Path, image: str, annotation: str) -> None:
    picture(tmp_path / image)
    points_file(tmp_path / annotation, face())
    assert [sample.image.name for sample in open_dataset(f"pts:{tmp_path}")] == [image]
    (tmp_path / "list.txt").write_text(image)
    assert [sample.image.name for sample in open_dataset(f"pts:{tmp_path}@list.txt")] == [image]


def test_pts_exact_name_wins_over_case(tmp_path: Path) -> None:
    for name, seed in (("a.jpg", 1), ("A.jpg", 2)):
        annotated(tmp_path, name, seed=seed)
    if len(list(tmp_path.iterdir())) < 4:
        pytest.skip("this file system does not tell a.jpg from A.jpg")
    for sample in open_dataset(f"pts:{tmp_path}"):
        np.testing.assert_allclose(
            sample.keypoints, face(seed=1 if sample.image.stem == "a" else 2), atol=1e-5
        )


def test_pts_two_images_of_one_name_are_warned_of(tmp_path: Path) -> None:
    annotated(tmp_path, "a.jpg")
    picture(tmp_path / "a.png")
    dataset = open_dataset(f"pts:{tmp_path}")
    assert [sample.image.name for sample in dataset] == ["a.jpg"]
    assert "a.jpg, which is used, or to a.png" in dataset.warnings[0]


def test_pts_annotation_without_image_is_named(tmp_path: Path) -> None:
    annotated(tmp_path, "a.jpg")
    points_file(tmp_path / "b.pts", face())
    points_file(tmp_path / "._a.pts", face())
    dataset = open_dataset(f"pts:{tmp_path}")
    assert len(list(dataset)) == 1
    assert dataset.skipped == [{"file": str(tmp_path / "b.pts"), "reason": "no image lies beside it"}]


def test_pts_faces_of_another_scheme_are_skipped(tmp_path: Path) -> None:
    annotated(tmp_path, "a.jpg", 68)
    annotated(tmp_path, "b.jpg", 29)
    dataset = open_dataset(f"pts:{tmp_path}")
    assert len(list(dataset)) == 1
    assert dataset.skipped[0]["reason"] == "it has 29 points where the others have 68"


def test_pts_list_file(tmp_path: Path) -> None:
    for seed, name in enumerate(("x/a.jpg", "x/b.jpg", "c d.jpg")):
        annotated(tmp_path, name, seed=seed)
    picture(tmp_path / "bare.jpg")
    (tmp_path / "mine.txt").write_text("c d.jpg\nx\\b.jpg\n\nbare.jpg\ngone.jpg\n" + "x" * 300)
    dataset = open_dataset(f"pts:{tmp_path}@mine.txt")
    assert [sample.image.name for sample in dataset] == ["c d.jpg", "b.jpg"]
    assert [entry["file"].rpartition(":")[2] for entry in dataset.skipped] == ["4", "5", "6"]
    assert "no .pts file lies beside" in dataset.skipped[0]["reason"]
    assert all("is missing" in entry["reason"] for entry in dataset.skipped[1:])
    with pytest.raises(FileNotFoundError, match=r"other\.txt is neither in"):
        list(open_dataset(f"pts:{tmp_path}@other.txt"))


def test_pts_image_named_twice_counts_once_and_is_named(tmp_path: Path) -> None:
    annotated(tmp_path, "a.jpg")
    annotated(tmp_path, "b.jpg")
    (tmp_path / "mine.txt").write_text("a.jpg\nb.jpg\n./a.jpg\n")
    dataset = open_dataset(f"pts:{tmp_path}@mine.txt")
    assert [sample.image.name for sample in dataset] == ["a.jpg", "b.jpg"]
    (entry,) = dataset.skipped
    assert entry["file"] == f"{tmp_path / 'mine.txt'}:3"
    assert entry["reason"].endswith("a.jpg is named in line 1 already")


def test_pts_folder_without_annotations_is_an_error(tmp_path: Path) -> None:
    picture(tmp_path / "a.jpg")
    with pytest.raises(FileNotFoundError, match=r"no image with a \.pts file"):
        list(open_dataset(f"pts:{tmp_path}"))


def test_a_second_pass_gives_the_same_and_forgets_the_first(tmp_path: Path) -> None:
    annotated(tmp_path, "a.jpg")
    points_file(tmp_path / "b.pts", face())
    dataset = open_dataset(f"pts:{tmp_path}")
    for _ in range(2):
        assert len(list(dataset)) == 1
        assert len(dataset.skipped) == 1


def test_pts_genuine_files_against_their_coco_json(shared_data: Path) -> None:
    """300VW's JSON repeats the 1-based numbers of its `.pts` files."""
    folder = shared_data / "samples" / "300vw"
    document = json.loads((folder / "anno_300vw.json").read_text())
    names = {image["id"]: image["file_name"] for image in document["images"]}
    assert document["annotations"]
    for entry in document["annotations"]:
        stated = np.array(entry["keypoints"], float).reshape(68, 3)[:, :2]
        annotation = folder / names[entry["image_id"]].replace("imgs", "annot").replace(".jpg", ".pts")
        np.testing.assert_allclose(read_pts(annotation) + 1, stated, atol=1e-3)


def test_pts_genuine_lfpw_files(shared_data: Path) -> None:
    dataset = open_dataset(spec_of("pts", shared_data / "samples" / "ibug_lfpw_trainset"))
    samples = list(dataset)
    assert len(samples) == 5
    assert dataset.skipped == []
    np.testing.assert_allclose(samples[0].keypoints[0], [114.167660, 219.807529], atol=1e-4)
    for sample in samples:
        height, width = read_image(sample.image).shape[:2]
        assert (sample.keypoints >= 0).all()
        assert (sample.keypoints < (width, height)).all()

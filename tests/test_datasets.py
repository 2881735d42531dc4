"""Readers: the right face at the right pixel, and everything else counted and named."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_train.datasets import FORMATS, DataError, Dataset, open_dataset
from facekp_train.datasets.pts import read_pts
from facekp_train.samples import read_image


def picture(path: Path, width: int = 40, height: int = 30) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix may be one that OpenCV does not know in capitals.
    good, data = cv2.imencode(path.suffix.lower(), np.full((height, width, 3), 90, np.uint8))
    assert good
    path.write_bytes(data.tobytes())
    return path


def points_file(
    path: Path, keypoints: np.ndarray, form: str = "version: 1\nn_points: {}\n{{\n{}\n}}\n"
) -> Path:
    """A `.pts` file of keypoints that count from 0; the file counts from 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = "\n".join(f"{x + 1:.6f} {y + 1:.6f}" for x, y in keypoints.tolist())
    path.write_text(form.format(len(keypoints), rows))
    return path


def face(points: int = 68, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((points, 2)) * 30).round(3)


def annotated(folder: Path, name: str, points: int = 68, seed: int = 0) -> None:
    picture(folder / name)
    points_file((folder / name).with_suffix(".pts"), face(points, seed))


def spec_of(name: str, root: Path) -> str:
    return f"{name}:{root}"


# MTFL

FIVE = np.array([[10, 11], [20, 10.5], [15, 16], [11, 20.25], [19, 21]])


def own_row(name: str, five: np.ndarray = FIVE, codes: str = "1 2 2 3") -> str:
    """A row of `training.txt`: 1-based, all x first, backslashes, a space before it."""
    numbers = " ".join(f"{v + 1:.6f}" for v in [*five[:, 0], *five[:, 1]])
    return f" {name} {numbers} {codes}"


def boxed_row(name: str, five: np.ndarray = FIVE) -> str:
    """A row of `trainImageList.txt`: 0-based, left right top bottom, then x and y in turn."""
    return f"{name} 5 27 4 29 " + " ".join(f"{v:.6f}" for v in five.ravel())


@pytest.fixture
def mtfl(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        picture(tmp_path / "lfw" / f"{name}.jpg")
    picture(tmp_path / "net" / "c.jpg")
    rows = [own_row("lfw\\a.jpg"), own_row("lfw\\b.jpg", FIVE + 1, "2 1 1 5")]
    (tmp_path / "training.txt").write_text("\n".join(rows) + "\n\n")
    boxed = [boxed_row("lfw\\a.jpg"), boxed_row("lfw\\b.jpg", FIVE + 1)]
    (tmp_path / "trainImageList.txt").write_text("\r\n".join(boxed) + "\r\n")
    (tmp_path / "testImageList.txt").write_text(boxed_row("net\\c.jpg", FIVE + 2))
    (tmp_path / "testing.txt").write_text(own_row("net\\c.jpg", FIVE + 3, "1 1 1 1") + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("split", "names", "shift", "boxed"),
    [
        ("train", ["a", "b"], 0, True),
        ("training", ["a", "b"], 0, False),
        ("validation", ["c"], 2, True),
        ("test", ["c"], 3, False),
    ],
)
def test_mtfl_splits(mtfl: Path, split: str, names: list[str], shift: float, boxed: bool) -> None:
    dataset = open_dataset(f"mtfl:{mtfl}", split)
    samples = list(dataset)
    assert [sample.image.stem for sample in samples] == names
    assert all(sample.image.is_file() for sample in samples)
    np.testing.assert_allclose(samples[0].keypoints, FIVE + shift, atol=1e-5)
    assert samples[0].keypoints.dtype == np.float32
    assert samples[0].visible.all()
    assert samples[0].box == ((5, 4, 22, 25) if boxed else None)
    assert samples[0].box_source == ("mtfl" if boxed else "tight")
    assert dataset.skipped == []
    assert dataset.warnings == []


def test_mtfl_names_its_attributes(mtfl: Path) -> None:
    for split in ("train", "training"):
        second = list(open_dataset(f"mtfl:{mtfl}", split))[1]
        assert second.attributes == {
            "gender": "female", "smile": "yes", "glasses": "yes", "pose": "right profile",
        }  # fmt: skip


def test_mtfl_train_is_read_from_its_own_list_where_that_is_all(mtfl: Path) -> None:
    (mtfl / "trainImageList.txt").unlink()
    dataset = open_dataset(f"mtfl:{mtfl}")
    np.testing.assert_allclose(next(iter(dataset)).keypoints, FIVE, atol=1e-5)
    assert "no boxes" in dataset.warnings[0]


BAD_ROWS = {
    "lfw\\a.jpg 1 2 3": "4 columns where 15 belong",
    own_row("lfw\\gone.jpg"): "the image lfw/gone.jpg is missing",
    own_row("lfw\\a.jpg").replace("11.000000", "eleven"): "not a number",
    own_row("lfw\\a.jpg").replace("11.000000", "nan"): "not a finite number",
    own_row("lfw\\a.jpg", codes="1 2 2 6"): "pose is 6, not 1 to 5",
    boxed_row("lfw\\a.jpg"): "gender is",
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.items(), ids=list(BAD_ROWS.values()))
def test_mtfl_bad_rows_are_counted_and_named(mtfl: Path, row: str, reason: str) -> None:
    (mtfl / "training.txt").write_text("\n".join([own_row("lfw\\a.jpg"), row, own_row("lfw\\b.jpg")]))
    dataset = open_dataset(f"mtfl:{mtfl}", "training")
    assert [sample.image.stem for sample in dataset] == ["a", "b"]
    assert [entry["file"] for entry in dataset.skipped] == [f"{mtfl / 'training.txt'}:2"]
    assert reason in dataset.skipped[0]["reason"]
    with pytest.raises(DataError, match=r"training\.txt:2: .*--strict"):
        list(open_dataset(f"mtfl:{mtfl}", "training", strict=True))


def test_mtfl_empty_box_is_a_bad_row(mtfl: Path) -> None:
    (mtfl / "testImageList.txt").write_text(boxed_row("net\\c.jpg").replace(" 5 27 ", " 27 5 "))
    dataset = open_dataset(f"mtfl:{mtfl}", "validation")
    assert list(dataset) == []
    assert dataset.skipped[0]["reason"] == "its face box is empty"


def test_mtfl_second_face_of_a_photograph_counts_and_a_row_twice_does_not(mtfl: Path) -> None:
    rows = (mtfl / "training.txt").read_text().splitlines()
    other = own_row(rows[0].split()[0], FIVE + 1)
    (mtfl / "training.txt").write_text("\n".join([rows[0], other, rows[0]]) + "\n")
    dataset = open_dataset(f"mtfl:{mtfl}", "training")
    assert len(list(dataset)) == 2
    (entry,) = dataset.skipped
    assert entry["file"] == f"{mtfl / 'training.txt'}:3"
    assert "stands in line 1 already" in entry["reason"]


def test_mtfl_list_of_the_other_form_is_not_misread(mtfl: Path) -> None:
    """Both forms have fifteen columns; taken for the other they would give wrong points."""
    with pytest.raises(DataError, match="--split training"):
        list(open_dataset(f"mtfl:{mtfl}@training.txt"))


def test_mtfl_missing_list_is_named(mtfl: Path) -> None:
    (mtfl / "testing.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"testing\.txt is missing; the split 'test'"):
        list(open_dataset(f"mtfl:{mtfl}", "test"))


def test_mtfl_both_real_lists_agree_to_the_pixel(shared_data: Path) -> None:
    spec = spec_of("mtfl", shared_data / "mtfl")
    boxed = {sample.image: sample for sample in open_dataset(spec, "train")}
    own = list(open_dataset(spec, "training"))
    assert len(own) == len(boxed) == 10_000
    difference = [np.abs(sample.keypoints - boxed[sample.image].keypoints).max() for sample in own]
    assert max(difference) < 1e-3


def test_mtfl_real_counts(shared_data: Path) -> None:
    for split, count in (("train", 10_000), ("validation", 3_466)):
        dataset = open_dataset(spec_of("mtfl", shared_data / "mtfl"), split)
        samples = list(dataset)
        assert (len(samples), dataset.skipped) == (count, [])
        middles = np.array([s.keypoints.mean(axis=0) for s in samples])
        x, y, width, height = np.array([s.box for s in samples]).T
        inside = (
            (middles[:, 0] > x)
            & (middles[:, 0] < x + width)
            & (middles[:, 1] > y)
            & (middles[:, 1] < y + height)
        )
        assert inside.mean() > 0.99


# .pts


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
    "n_points: 5\n{\n1 2\n3 4\n}\n": "says 5 points and holds 2",
    "n_points: 2\n{\n1 2\n3 4\n}\n": "no landmark scheme has 2 points",
    "n_points: 5\n{\n1 2 3 4 5 6 7 8 9 x\n}\n": "not a number",
    "n_points: five\n{\n1 2 3 4 5 6 7 8 9 10\n}\n": "not a number",
    "n_points: 5\n{\n1 2 3 4 5 6 7 8 9 inf\n}\n": "not a finite number",
    "n_points: 5\n{\n1 2 3 4 5 6 7 8 9 1e39\n}\n": "1e+39 pixels lies beyond every photograph",
    "n_points: 5\n{\n1 2 3 4 5 6 7 8 9\n}\n": "says 5 points and holds 4.5",
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
    (tmp_path / "mine.txt").write_text("c d.jpg\nx\\b.jpg\n\nbare.jpg\ngone.jpg\n")
    dataset = open_dataset(f"pts:{tmp_path}@mine.txt")
    assert [sample.image.name for sample in dataset] == ["c d.jpg", "b.jpg"]
    assert [entry["file"].rpartition(":")[2] for entry in dataset.skipped] == ["4", "5"]
    assert "no .pts file lies beside" in dataset.skipped[0]["reason"]
    assert "is missing" in dataset.skipped[1]["reason"]
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


# 300W

STANDARD = {
    "afw": 337,
    "helen/trainset": 2000,
    "helen/testset": 330,
    "lfpw/trainset": 811,
    "lfpw/testset": 224,
    "ibug": 135,
}


def w300_folder(root: Path, counts: dict[str, int]) -> Path:
    """Folders with so many faces; one image's bytes serve for all."""
    image = picture(root.parent / "one.jpg").read_bytes()
    text = points_file(root.parent / "one.pts", face()).read_text()
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True)
        for i in range(count):
            (root / folder / f"image_{i:04}.jpg").write_bytes(image)
            (root / folder / f"image_{i:04}.pts").write_text(text)
    return root


@pytest.mark.slow
def test_300w_lists_have_the_standard_counts(tmp_path: Path) -> None:
    root = w300_folder(tmp_path / "300w", STANDARD)
    for split, count in {"train": 3148, "common": 554, "challenging": 135, "full": 689}.items():
        dataset = open_dataset(f"300w:{root}", split)
        assert sum(1 for _ in dataset) == count
        assert dataset.warnings == []
        assert dataset.skipped == []


def test_300w_says_which_folder_lacks_what(tmp_path: Path) -> None:
    root = w300_folder(tmp_path / "300w", {"afw": 3, "helen/trainset": 2, "helen/testset": 4, "ibug": 135})
    train = open_dataset(f"300w:{root}")
    assert (train.split, sum(1 for _ in train)) == ("train", 5)
    assert train.warnings == [
        "afw gives 3 faces where the standard list has 337",
        "helen/trainset gives 2 faces where the standard list has 2000",
        "lfpw/trainset is missing: 811 faces of the standard list",
    ]
    full = open_dataset(f"300w:{root}", "full")
    assert [sample.image.parent.name for sample in full] == ["testset"] * 4 + ["ibug"] * 135
    assert len(full.warnings) == 2


@pytest.mark.parametrize(
    "folder", ["ibug", "IBUG", "ibug/ibug", "300W/Ibug", "archives/ibug.zip/ibug"], ids=str
)
def test_300w_folders_are_found_in_any_case_and_deeper(tmp_path: Path, folder: str) -> None:
    root = w300_folder(tmp_path / "300w", {folder: 2})
    assert sum(1 for _ in open_dataset(f"300w:{root}", "challenging")) == 2


def test_300w_trainsets_are_not_confused(tmp_path: Path) -> None:
    root = w300_folder(
        tmp_path / "300w", {"Helen/helen/trainset": 2, "helen2/testset": 9, "lfpw/testset": 3, "trainset": 5}
    )
    assert {s.image.parent.parent.name for s in open_dataset(f"300w:{root}", "train")} == {"helen"}
    assert {s.image.parent.parent.name for s in open_dataset(f"300w:{root}", "common")} == {"lfpw"}


def test_300w_leaves_mirrored_copies_out(tmp_path: Path) -> None:
    root = w300_folder(tmp_path / "300w", {"ibug": 2})
    annotated(root / "ibug", "image_0001_mirror.jpg")
    annotated(root / "ibug", "image_092 _01.jpg")
    names = [s.image.name for s in open_dataset(f"300w:{root}", "challenging")]
    assert names == ["image_0000.jpg", "image_0001.jpg", "image_092 _01.jpg"]


def test_300w_counts_bad_faces(tmp_path: Path) -> None:
    root = w300_folder(tmp_path / "300w", {"ibug": 2})
    (root / "ibug" / "image_0001.pts").write_text("version: 1")
    annotated(root / "ibug", "five.png", 5)
    dataset = open_dataset(f"300w:{root}", "challenging")
    assert sum(1 for _ in dataset) == 1
    assert [Path(entry["file"]).name for entry in dataset.skipped] == ["five.pts", "image_0001.pts"]
    assert dataset.warnings == ["ibug gives 1 faces where the standard list has 135"]


def test_300w_without_a_lists_folders_is_an_error(tmp_path: Path) -> None:
    root = w300_folder(tmp_path / "300w", {"afw": 1})
    with pytest.raises(FileNotFoundError, match=r"helen/testset, lfpw/testset, where 300W's 'common'"):
        list(open_dataset(f"300w:{root}", "common"))


# Naming a data set


@pytest.mark.parametrize("spec", ["", "photos", ":x", "mtfl:", "webcam:photos"])
def test_specs_that_name_no_format(spec: str) -> None:
    with pytest.raises(DataError, match="is not FORMAT:PATH with a FORMAT of mtfl, 300w, "):
        open_dataset(spec)


def test_unknown_split_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no split 'testing'; it has train, common, challenging, full"):
        open_dataset(f"300w:{tmp_path}", "testing")


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone does not exist"):
        open_dataset(f"mtfl:{tmp_path / 'gone'}")
    with pytest.raises(FileNotFoundError, match=r"a\.jpg is a file; give the folder"):
        open_dataset(f"pts:{picture(tmp_path / 'a.jpg')}")


def test_folder_with_an_at_sign_is_a_folder(tmp_path: Path) -> None:
    annotated(tmp_path / "me@home", "a.jpg")
    assert len(list(open_dataset(f"pts:{tmp_path / 'me@home'}"))) == 1


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_evaluates_on_a_split_of_its_own(name: str) -> None:
    known = FORMATS[name]
    assert known.evaluation in known.splits
    assert set(known.parts) <= set(known.splits)


def test_reading_is_lazy(tmp_path: Path) -> None:
    """The first face comes without the rest being looked at."""
    for name in ("a.jpg", "b.jpg"):
        annotated(tmp_path, name)
    (tmp_path / "b.pts").write_text("broken")
    dataset: Dataset = open_dataset(f"pts:{tmp_path}")
    next(iter(dataset))
    assert dataset.skipped == []


# Photographs


def test_images_are_rgb_and_turned_upright(tmp_path: Path) -> None:
    image = np.zeros((20, 30, 3), np.uint8)
    image[..., 0] = 200
    cv2.imwrite(str(tmp_path / "a.png"), image[..., ::-1])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), image)
    # An EXIF block that says: rotate by a quarter to show (orientation 6).
    exif = bytes.fromhex("ffe1002245786966000049492a0008000000010012010300010000000600000000000000")
    good, data = cv2.imencode(".jpg", image)
    assert good
    jpeg = data.tobytes()
    (tmp_path / "turned.jpg").write_bytes(jpeg[:2] + exif + jpeg[2:])
    assert read_image(tmp_path / "turned.jpg").shape == (30, 20, 3)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".ppm", ".bmp", ".tif", ".webp"])
@pytest.mark.parametrize("share", [0, 0.05, 0.6])
def test_images_cut_short_are_refused(tmp_path: Path, suffix: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    good, data = cv2.imencode(suffix, noise)
    assert good
    (tmp_path / f"a{suffix}").write_bytes(data.tobytes()[: int(len(data) * share)])
    with pytest.raises(OSError, match="not an image that can be read, or cut short"):
        read_image(tmp_path / f"a{suffix}")


def test_images_that_state_an_absurd_size_are_refused(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.bmp")
    data = bytearray(path.read_bytes())
    data[18:26] = (1_000_000).to_bytes(4, "little") * 2
    path.write_bytes(data)
    with pytest.raises(OSError, match=r"a\.bmp"):
        read_image(path)


def test_missing_images_are_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"gone\.jpg: cannot be read"):
        read_image(tmp_path / "gone.jpg")

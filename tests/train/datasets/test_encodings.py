"""Lists as Windows' programs write them: a byte order mark, UTF-16, backslashes in names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from facekp_train.common.files import write_text
from facekp_train.datasets import DataError, Dataset, open_dataset
from tests.support.models.train_cli import annotated

FIVE = "60 40 90 40 75 55 62 70 88 70"
WFLW = " ".join(str(40 + place % 49) for place in range(196)) + " 40 40 90 90 0 0 0 0 0 0"
POINTS = [int(value) for value in FIVE.split()]
MARKS = [value for x, y in zip(POINTS[::2], POINTS[1::2], strict=True) for value in (x, y, 2)]


def files(image: str) -> dict[str, tuple[str, str]]:
    """By data set: the file that names one face of `image`, and its content."""
    pairs = [MARKS[place : place + 2] for place in range(0, 15, 3)]
    coco = {"images": [{"id": 1, "file_name": image}], "annotations": [{"image_id": 1, "keypoints": MARKS}]}
    detected = {"image": image, "faces": [{"keypoints": pairs, "score": 1}]}
    return {
        "mtfl:.": ("trainImageList.txt", f"{image} 40 110 20 90 {FIVE}\n"),
        "wflw:.": ("list_98pt_rect_attr_train.txt", f"{WFLW} {image}\n"),
        "coco:x.json": ("x.json", json.dumps(coco, ensure_ascii=False)),
        "detect:x.json": ("x.json", json.dumps(detected, ensure_ascii=False)),
        "pts:.@list.txt": ("list.txt", f"{image}\n"),
    }


def dataset(spec: str, image: str, encoding: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The data set whose list names `image`, which lies in b/."""
    monkeypatch.chdir(folder)
    annotated(folder / "b", "a", points=5)
    name, content = files(image)[spec]
    Path(name).write_text(content, encoding=encoding)
    return open_dataset(spec)


@pytest.mark.parametrize("spec", files("b/a.png"))
def test_a_byte_order_mark_loses_no_face(spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (sample,) = dataset(spec, "b/a.png", "utf-8-sig", tmp_path, monkeypatch)
    assert sample.image.is_file()


@pytest.mark.parametrize("spec", files("b/a.png"))
def test_backslashes_lead_to_the_photograph(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sample,) = dataset(spec, "b\\a.png", "utf-8", tmp_path, monkeypatch)
    assert sample.image.is_file()


@pytest.mark.parametrize("spec", sorted(files("b/a.png").keys() - {"mtfl:."}))
def test_a_backslash_that_belongs_to_the_name_is_kept(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    annotated(tmp_path, "b\\a", points=5)
    (sample,) = dataset(spec, "b\\a.png", "utf-8", tmp_path, monkeypatch)
    assert sample.image.name == "b\\a.png"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("spec", files("b/a.png"))
def test_utf_16_is_named_with_the_remedy(
    spec: str, encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=r"^\S+: it is UTF-16 text; save it as UTF-8"):
        list(dataset(spec, "b/a.png", encoding, tmp_path, monkeypatch))


@pytest.mark.parametrize("spec", ["coco:x.json", "detect:x.json"])
def test_json_of_another_encoding_is_named(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=r"^x\.json: it is not UTF-8 text; save it as UTF-8$"):
        list(dataset(spec, "b/ä.png", "latin-1", tmp_path, monkeypatch))


def test_an_annotation_in_utf_16_is_skipped_with_the_reason(tmp_path: Path) -> None:
    for name in "ab":
        annotated(tmp_path, name, points=5)
    text = (tmp_path / "a.pts").read_text()
    (tmp_path / "a.pts").write_text(text, encoding="utf-16")
    write_text(tmp_path / "b.pts", "\ufeff" + text.replace("version: 1\n", ""))
    dataset = open_dataset(f"pts:{tmp_path}")
    assert [sample.image.name for sample in dataset] == ["b.png"]
    assert dataset.skipped[0]["reason"].startswith("it is UTF-16 text; save it as UTF-8")

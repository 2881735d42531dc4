"""facekp-detect: its JSON, pictures, folders and exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from facekp_export import detector
from facekp_export.finders import registry as faces
from facekp_export.finders.base import CallableFinder
from facekp_train.draw import write_picture
from facekp_train.images import read_image
from tests.support.files.synthetic_faces import DiscModel, draw_face
from tests.support.models.detect_cli import call
from tests.support.pictures.animated import write_animated

BOX = (60.0, 40.0, 80.0, 80.0)


@pytest.fixture
def photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A photograph of a synthetic face in an otherwise empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(detector, "open_model", lambda path, threads: DiscModel())
    monkeypatch.setitem(
        faces.FINDERS, "blazeface", lambda threads: CallableFinder(lambda image: [BOX], "tight")
    )
    return make_photo(tmp_path / "photos" / "face.png")


def make_photo(path: Path) -> Path:
    image = np.zeros((150, 200, 3), np.uint8)
    draw_face(image, (100, 85), 40)
    write_picture(path, image)
    return path


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """What stands on stderr, without the frame and the folds of a message about wrong usage."""
    return " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_json_is_one_document_with_exactly_the_promised_fields(photo, capsys):
    assert call(photo, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["image", "width", "height", "scheme", "faces"]
    assert (document["image"], document["width"], document["height"]) == (str(photo), 200, 150)
    assert document["scheme"] == "five"
    (face,) = document["faces"]
    assert list(face) == ["box", "score", "confidence", "keypoints"]
    assert face["box"] == list(BOX) and face["score"] == 1
    assert face["confidence"] is None, "one look at a face of five points"
    np.testing.assert_allclose(face["keypoints"][2], (100, 85), atol=0.12)
    assert not list(Path().glob("*.png")), "--json alone draws nothing"


def test_json_and_table_give_the_confidence_where_there_are_two_looks(photo, capsys):
    assert call(photo, "--json", "--flip-average") == 0
    (face,) = json.loads(capsys.readouterr().out)["faces"]
    assert 0 <= face["confidence"] <= 1
    assert call(photo, "--flip-average") == 0
    shown = capsys.readouterr().out
    assert "confidence" in shown and f"{face['confidence']:.2f}" in shown


def test_the_picture_is_written_where_out_says_and_said(photo, capsys):
    assert call(photo, "--out", "points.png") == 0
    captured = capsys.readouterr()
    assert "face.png" in captured.out and "points.png" in captured.err
    before, after = read_image(photo), read_image(Path("points.png"))
    assert after.shape == before.shape and (after != before).any()


def test_the_default_picture_lies_in_the_current_folder(photo):
    assert call(photo) == 0
    assert Path("face_points.png").is_file()
    Path("drawn").mkdir()
    assert call(photo, "--out", "drawn") == 0
    assert Path("drawn/face_points.png").is_file()


@pytest.mark.parametrize("linked", [Path.hardlink_to, Path.symlink_to])
def test_the_photograph_itself_is_never_drawn_over(photo, capsys, linked):
    before = photo.read_bytes()
    linked(Path("other.png"), photo)
    linked(Path("face_points.png"), photo)
    for arguments in (["--out", photo], ["--out", "other.png"], ["--out", "."], []):
        assert call(photo, *arguments) == 2
        assert "is the photograph itself; name another with --out" in said(capsys)
    Path("drawn").symlink_to(photo.parent)
    assert call(photo.parent, "--out", "drawn") == 2
    assert "is the folder of the photographs itself" in said(capsys)
    assert photo.read_bytes() == before and list(photo.parent.iterdir()) == [photo]


def test_boxes_are_used_in_their_order(photo, capsys):
    assert call(photo, "--json", "--boxes", "60,40,80,80", "--boxes", "-500,0,20,30.5", "--no-refine") == 0
    document = json.loads(capsys.readouterr().out)
    assert [face["box"] for face in document["faces"]] == [[60, 40, 80, 80], [-500, 0, 20, 30.5]]


def test_a_folder_is_one_document_and_a_folder_of_pictures(photo, capsys):
    make_photo(photo.parent / "deeper" / "other.JPG")
    (photo.parent / "cut.jpg").write_bytes(photo.read_bytes()[:300])
    (photo.parent / "notes.txt").write_text("no photograph")
    out = photo.parent / "drawn"
    for _ in range(2):  # the second time its own pictures lie inside the folder
        assert call(photo.parent, "--json", "--out", out) == 0
        captured = capsys.readouterr()
        document = json.loads(captured.out)
        assert [Path(entry["image"]).name for entry in document["images"]] == ["other.JPG", "face.png"]
        (skip,) = document["skipped"]
        assert skip["file"].endswith("cut.jpg") and "cut.jpg" in captured.err
        drawn = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
        assert drawn == ["deeper/other.JPG.png", "face.png.png"]


def test_pictures_may_be_drawn_into_a_folder_above(photo, capsys):
    make_photo(photo.parent / "deeper" / "other.png")
    for _ in range(2):
        assert call(photo.parent / "deeper", "--json", "--out", photo.parent) == 0
        assert len(json.loads(capsys.readouterr().out)["images"]) == 1
    assert sorted(path.name for path in photo.parent.glob("*.png")) == ["face.png", "other.png.png"]


def test_names_are_shown_as_they_are(photo, capsys):
    odd = make_photo(photo.parent / "[red]a b.png")
    assert call(odd) == 0
    streams = capsys.readouterr()
    assert "[red]a b.png" in streams.out and "[red]a b_points.png" in streams.err


def test_a_link_to_nowhere_is_named(photo, capsys):
    (photo.parent / "gone.jpg").symlink_to("nowhere.jpg")
    assert call(photo.parent, "--json") == 0
    (skip,) = json.loads(capsys.readouterr().out)["skipped"]
    assert Path(skip["file"]).name == "gone.jpg" and "cannot be read" in skip["reason"]


def test_strict_stops_at_an_unreadable_photograph(photo, capsys):
    (photo.parent / "broken.jpg").write_text("no image")
    assert call(photo.parent, "--strict") == 1
    assert "broken.jpg" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["missing.jpg"], 1, "does not exist"),
        (["empty"], 1, "no photograph"),
        (["broken.jpg"], 1, "not an image"),
        (["photos", "--boxes", "1,2,3,4"], 2, "one photograph"),
        (["photos", "--out", "photos"], 2, "another"),
        (["photos", "--out", "broken.jpg"], 2, "a file"),
        (["photos/face.png", "--boxes", "1,2,3"], 2, "x,y,width,height"),
        (["photos/face.png", "--boxes", "1,2,3,-4"], 2, "x,y,width,height"),
        (["photos/face.png", "--boxes", "1e300,0,9,9"], 2, "x,y,width,height"),
        (["photos/face.png", "--boxes", "0,0,1e999,9"], 2, "x,y,width,height"),
        (["photos/face.png", "--boxes", "1,2,3,4", "--box-source", "retina"], 2, "tight"),
        (["photos/face.png", "--finder", "mtcnn"], 2, "blazeface"),
        (["photos/face.png", "--finder", "haar", "--smallest-face", "30"], 2, "smallest face"),
        (["photos/face.png", "--threads", "0"], 2, "threads"),
        (["photos/face.png", "--out", "points.xyz"], 1, ".png"),
    ],
)
def test_wrong_use_and_failures_have_their_exit_code_and_one_sentence(photo, capsys, arguments, code, said):
    Path("empty").mkdir()
    Path("broken.jpg").write_text("no image")
    assert call(*arguments) == code
    captured = capsys.readouterr()
    assert said in " ".join(captured.err.split()) and not captured.out
    assert "Traceback" not in captured.err


def test_a_photograph_without_faces_is_no_failure(photo, capsys, monkeypatch):
    monkeypatch.setitem(faces.FINDERS, "blazeface", lambda threads: CallableFinder(lambda image: [], "tight"))
    assert call(photo) == 0
    assert "none found" in capsys.readouterr().out
    assert call(photo, "--json") == 0
    assert json.loads(capsys.readouterr().out)["faces"] == []


def test_photographs_are_turned_upright(photo, capsys):
    """A camera's orientation tag counts: width and height are those of the upright picture."""
    jpeg = cv2.imencode(".jpg", np.zeros((150, 200, 3), np.uint8))[1].tobytes()
    # An APP1 segment with one EXIF entry: orientation 6, a quarter turn.
    tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    segment = b"Exif\0\0" + tiff
    turned = photo.parent / "turned.jpg"
    turned.write_bytes(jpeg[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + jpeg[2:])
    assert call(turned, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["width"], document["height"]) == (150, 200)


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_the_first_picture_of_an_animated_one_is_looked_at_and_that_is_said(kind, photo, capsys):
    for frames in (1, 2):
        shown = write_animated(photo.parent / f"shown-{frames}.{kind}", frames)
        assert call(shown, "--json") == 0
        assert ("it is animated; its first picture was looked at" in said(capsys)) == (frames == 2)

"""What looks like a picture or a video is read or named, whatever its name."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from facekp_export.demo import demo_photo
from facekp_export.video.reading import is_video
from facekp_train.datasets import open_dataset
from facekp_train.datasets.survey import parts_of, survey_faces
from facekp_train.images import read_image
from facekp_train.pictures.decoding import is_animated
from facekp_train.pictures.kinds import HEIC, JPEG, PNG, RAW, TIFF, VIDEO, is_read, kind_of
from tests.support.files.annotated_faces import face, picture, points_file
from tests.support.models.detect_cli import call
from tests.support.pictures.turned_pictures import saved

PHOTO = read_image(demo_photo())[::2, ::2]
HEIC_FILE = b"\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf" + bytes(100)


def _of_logarithms() -> bytes:
    """What OpenCV writes of floating-point colors; read as a photograph it is white."""
    return cv2.imencode(".tif", PHOTO.astype(np.float32))[1].tobytes()


NAMED = {
    "phone.heic": (HEIC_FILE, "HEIC"),
    "phone.jpg": (HEIC_FILE, "HEIC"),
    "collection.heif": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(100), "HEIC"),
    "web.avif": (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf" + bytes(100), "AVIF"),
    "old.gif": (saved(PHOTO, "GIF"), "GIF"),
    "no_suffix": (saved(PHOTO, "GIF"), "GIF"),
    "new.jxl": (b"\xff\x0a" + bytes(100), "JPEG XL"),
    "camera.dng": (saved(PHOTO, "TIFF"), "raw file"),
    "drawing.svg": (b"<svg/>", "SVG"),
    "scan.tga": (saved(PHOTO, "TGA"), "TGA"),
    "icon.ico": (saved(PHOTO, "ICO"), "an icon"),
    "texture": (saved(PHOTO, "DDS"), "DDS"),
    "raw.pam": (b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nENDHDR\n\0", "PAM"),
    "light.tif": (_of_logarithms(), "floating-point"),
    "film.dat": (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(100), "a video"),
    "clip.mp4": (b"\0\0\0\x18ftypisom\0\0\0\0isommp41" + bytes(100), "a video"),
    "clip.bin": (b"\x1a\x45\xdf\xa3" + bytes(100), "a video"),
    "clip.mjpeg": (saved(PHOTO, "JPEG"), "a video"),
    "clip.265": (b"", "a video"),
    "stream": (b"\0\0\0\1\x67\x42" + bytes(100), "a video"),
    "packets": ((b"G" + bytes(187)) * 4, "a video"),
    "disc": ((bytes(4) + b"G" + bytes(187)) * 4, "a video"),
    "camera.nrw": (saved(PHOTO, "TIFF"), "raw file"),
    "canon.tif": (b"II*\0\x10\0\0\0CR\2\0" + bytes(100), "raw file"),
    "digital_negative.tif": (saved(PHOTO, "TIFF", tiffinfo={50706: b"\1\4\0\0"}), "raw file"),
    "thumbnail_first.tif": (saved(PHOTO, "TIFF", tiffinfo={254: 1}), "raw file"),
    "glyph.xbm": (b"#define x_width 8", "XBM"),
    "broken.jpeg": (b"no picture", "not an image"),
}
READ = {
    "plain.jpg": "JPEG",
    "saved.jfif": "JPEG",
    "wrong.png": "JPEG",
    "bare": "PNG",
    "photo.dat": "WEBP",
    "scan.tif": "TIFF",
}
IGNORED = {
    "notes.txt": b"BM is no picture",
    "genes.txt": b"GATTACA" * 90,
    "list.json": b"{}",
    "._plain.jpg": b"\0\x05\x16\x07",
}


def _folder(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name, (content, _) in NAMED.items():
        (folder / name).write_bytes(content)
    for name, form in READ.items():
        (folder / name).write_bytes(saved(PHOTO, form))
    for name, content in IGNORED.items():
        (folder / name).write_bytes(content)
    return folder


without_heic = pytest.mark.skipif(is_read(HEIC), reason="pillow-heif is installed")


@without_heic
def test_a_folder_gives_each_or_names_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(_folder(tmp_path), "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert {Path(entry["image"]).name for entry in document["images"]} == set(READ)
    assert all(len(entry["faces"]) == 1 for entry in document["images"])
    skipped = {Path(entry["file"]).name: entry["reason"] for entry in document["skipped"]}
    assert skipped.keys() == NAMED.keys()
    for name, (_, kind) in NAMED.items():
        assert kind in skipped[name]


@without_heic
def test_a_folder_of_heic_alone_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.heic", "b.HEIC", "c.jpg"):
        (tmp_path / name).write_bytes(HEIC_FILE)
    assert call(tmp_path) == 1
    error = capsys.readouterr().err
    assert "3 of them: it is HEIC" in error
    assert "heif-convert IN OUT.jpg" in error
    assert "facekp[heic]" in error


@without_heic
def test_annotations_beside_them_name_them(tmp_path: Path) -> None:
    for name in ("phone.heic", "old.gif", "web.avif"):
        (tmp_path / name).write_bytes(NAMED[name][0])
        points_file((tmp_path / name).with_suffix(".pts"), face())
    for name in ("saved.jfif", "bare"):
        (tmp_path / name).write_bytes(saved(PHOTO, READ[name]))
        points_file((tmp_path / name).with_suffix(".pts"), face())
    survey = survey_faces("pts", parts_of(f"pts:{tmp_path}", None, strict=False))
    assert survey.n == 2
    assert {Path(entry["file"]).name for entry in survey.skipped} == {"phone.heic", "old.gif", "web.avif"}
    assert all("which is not read" in entry["reason"] for entry in survey.skipped)


def test_of_two_the_one_that_is_read_is_taken(tmp_path: Path) -> None:
    """A phone's pair of a photograph is no doubt."""
    (tmp_path / "a.gif").write_bytes(saved(PHOTO, "GIF"))
    picture(tmp_path / "a.jpg")
    points_file(tmp_path / "a.pts", face())
    dataset = open_dataset(f"pts:{tmp_path}")
    assert [sample.image.name for sample in dataset] == ["a.jpg"]
    assert (dataset.skipped, dataset.warnings) == ([], [])


def test_links_to_folders_are_followed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere, here = tmp_path / "elsewhere", tmp_path / "here"
    for folder, name in ((elsewhere, "far"), (here / "own", "near")):
        picture(folder / f"{name}.jpg")
        points_file(folder / f"{name}.pts", face())
    for link, target in {
        "b": elsewhere,
        "a": elsewhere,
        "loop": here,
        "up": tmp_path,
        "0": here / "own",
    }.items():
        (here / link).symlink_to(target)
    (here / "circle").symlink_to(here / "circle")
    assert call(here, "--json") == 0
    images = [os.path.relpath(e["image"], here) for e in json.loads(capsys.readouterr().out)["images"]]
    assert images == ["a/far.jpg", "own/near.jpg"]
    assert sorted(s.image.name for s in open_dataset(f"pts:{here}")) == ["far.jpg", "near.jpg"]


@pytest.mark.parametrize(
    ("start", "suffix", "kind"),
    [
        (b"\xff\xd8\xff\xe0", ".png", JPEG),
        (b"\x89PNG\r\n\x1a\n", "", PNG),
        (b"II*\0", ".tif", TIFF),
        (b"II*\0", ".NEF", RAW),
        (b"RIFF\0\0\0\0AVI LIST", ".jpg", VIDEO),
        (b"RIFF\0\0\0\0WAVEfmt ", "", None),
        (b"plain text", ".txt", None),
        (b"", ".jpg", None),
        (b"", ".mov", VIDEO),
    ],
)
def test_content_decides(start: bytes, suffix: str, kind: object) -> None:
    assert kind_of(start, suffix) is kind


def test_a_photograph_with_others_behind_it_is_not_animated(tmp_path: Path) -> None:
    """As phones write previews and maps of depth."""
    first = Pillow.fromarray(np.ascontiguousarray(PHOTO))
    first.save(tmp_path / "a.jpg", "MPO", save_all=True, append_images=[Pillow.new("RGB", first.size)])
    assert getattr(Pillow.open(tmp_path / "a.jpg"), "n_frames", 1) == 2
    assert not is_animated(tmp_path / "a.jpg")


def test_a_video_is_one_by_its_content(tmp_path: Path) -> None:
    contents = {"clip": NAMED["clip.mp4"][0], "film.dat": NAMED["film.dat"][0], "photo": saved(PHOTO, "PNG")}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    assert {name: is_video(tmp_path / name) for name in contents} == dict.fromkeys(contents, True) | {
        "photo": False
    }


def test_several_photographs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jpg").write_bytes(saved(PHOTO, "JPEG"))
    (tmp_path / "old.gif").write_bytes(saved(PHOTO, "GIF"))
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.jpg").write_bytes(saved(PHOTO, "JPEG"))
    assert call("a.jpg", "old.gif", "below/a.jpg", "a.jpg", "--json", "--out", "drawn") == 0
    document = json.loads(capsys.readouterr().out)
    assert [entry["image"] for entry in document["images"]] == ["a.jpg", "below/a.jpg"]
    assert [entry["file"] for entry in document["skipped"]] == ["old.gif"]
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["a.jpg-2.png", "a.jpg.png"]
    assert call("a.jpg", "gone.jpg") == 1
    assert "gone.jpg does not exist" in capsys.readouterr().err
    assert call("a.jpg", "below") == 2
    assert call("a.jpg", "below/a.jpg", "--boxes", "1,2,30,40") == 2
    assert call("a.jpg", "old.gif", "--strict") == 1


@pytest.mark.parametrize(("name", "says"), [("-", "standard input"), ("https://a.b/c.jpg", "is an address")])
def test_what_is_no_file_is_named(name: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(name) == 1
    assert says in capsys.readouterr().err

"""Small files that would take much, and files that are none: known before anything is taken."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from facekp_export.demo import demo_photo
from facekp_train.datasets import open_dataset
from facekp_train.images import read_image
from facekp_train.pictures.folders import folders_below
from facekp_train.pictures.header import MOST_PIXELS, allow_pixels
from facekp_train.pictures.tiff_tags import HEIGHT, WIDTH, tags_of
from tests.support.files.annotated_faces import picture
from tests.support.files.tool_files import SOUND, write
from tests.support.models.detect_cli import call
from tests.support.pictures.turned_pictures import saved

PHOTO = read_image(demo_photo())[::2, ::2]


def _png(width: int, height: int, stated: int | None = None) -> bytes:
    """A PNG of few bytes; stated: the length that its pixels' chunk states."""

    def chunk(name: bytes, data: bytes, length: int | None = None) -> bytes:
        size = len(data) if length is None else length
        return struct.pack(">I", size) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)), stated)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


def _stating(form: str, width: int, height: int) -> bytes:
    """A file that states another size than it has."""
    data = bytearray(saved(PHOTO, form))
    if form == "BMP":
        data[18:26] = struct.pack("<II", width, height)
    elif form == "JPEG":
        place = data.index(b"\xff\xc0")
        data[place + 5 : place + 9] = struct.pack(">HH", height, width)
    elif form == "TIFF":
        for number, size in ((WIDTH, width), (HEIGHT, height)):
            tag = tags_of(bytes(data))[number]
            data[tag.place : tag.place + len(tag.packed(size))] = tag.packed(size)
    elif form == "PPM":
        data = bytearray(f"P6 {width} {height} 255\n".encode()) + bytes(100)
    return bytes(data)


LARGE = {
    "states_much.png": _png(20_000, 20_000),
    "states_more.png": _png(60_000, 60_000),
    "long_chunk.png": _png(96, 80, 0xFF000000),
    "much.bmp": _stating("BMP", 20_000, 20_000),
    "much.jpg": _stating("JPEG", 60_000, 60_000),
    "much.ppm": _stating("PPM", 20_000, 20_000),
    "much.tif": _stating("TIFF", 20_000, 20_000),
}


@pytest.fixture(autouse=True)
def _the_usual_limit() -> Iterator[None]:
    yield
    allow_pixels(MOST_PIXELS)


def test_they_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    for name, content in LARGE.items():
        (tmp_path / name).write_bytes(content)
    with (tmp_path / "sparse.jpg").open("wb") as stream:
        stream.truncate(1 << 36)
    script = (
        "import sys\nfrom pathlib import Path\nfrom facekp_train.images import read_image\n"
        "for path in sorted(Path(sys.argv[1]).iterdir()):\n"
        "    try:\n        read_image(path)\n    except OSError as error:\n        print(error)\n"
        # Of this process alone: getrusage's figure is passed on by the one that starts it.
        "status = Path('/proc/self/status').read_text()\n"
        "print(int(status.partition('VmHWM:')[2].split()[0]) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True, timeout=60
    )
    *sentences, megabytes = done.stdout.splitlines()
    assert len(sentences) == len(LARGE) + 1
    stated = [sentence for sentence in sentences if "178,956,970 are read at most" in sentence]
    assert len(stated) == len(LARGE) - 1
    assert all("--max-pixels" in sentence for sentence in stated)
    assert int(megabytes) < 400


def test_the_limit_can_be_moved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.png").write_bytes(saved(PHOTO, "PNG"))
    pixels = PHOTO.shape[0] * PHOTO.shape[1]
    assert call(tmp_path / "a.png", "--json", "--max-pixels", pixels) == 0
    capsys.readouterr()
    assert call(tmp_path / "a.png", "--json", "--max-pixels", pixels - 1) == 1
    assert f"it states {pixels:,} pixels, and {pixels - 1:,} are read at most" in capsys.readouterr().err
    assert call(tmp_path / "a.png", "--max-pixels", 0) == 2


def test_up_to_the_limit_all_is_read(tmp_path: Path) -> None:
    stored = np.zeros((20_000, 8_947), np.uint8)
    Pillow.fromarray(stored).save(tmp_path / "a.png", compress_level=1)
    assert read_image(tmp_path / "a.png").shape == (20_000, 8_947, 3)


def test_pipes_and_devices_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.png").write_bytes(saved(PHOTO, "PNG"))
    os.mkfifo(tmp_path / "b.jpg")
    os.mkfifo(tmp_path / "b")
    (tmp_path / "c.jpg").symlink_to("/dev/zero")
    (tmp_path / "d.jpg").mkdir()
    assert call(tmp_path, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [Path(entry["image"]).name for entry in document["images"]] == ["a.png"]
    reasons = {Path(entry["file"]).name: entry["reason"] for entry in document["skipped"]}
    assert reasons.keys() == {"b.jpg", "c.jpg"}
    assert "a pipe, not a file" in reasons["b.jpg"]
    assert "a device or socket" in reasons["c.jpg"]
    assert call(tmp_path / "b.jpg") == 1
    assert "save the photograph in a file" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["labelme", "pts"])
def test_a_pipe_among_annotations_is_named(form: str, tmp_path: Path) -> None:
    spec = write(tmp_path, form, SOUND[form][1].encode())
    os.mkfifo(tmp_path / f"b{Path(SOUND[form][0]).suffix}")
    picture(tmp_path / "b.png")
    dataset = open_dataset(spec)
    assert {face.image.name for face in dataset} == {"a.png"}
    assert [Path(entry["file"]).stem for entry in dataset.skipped] == ["b"]


def test_a_pipe_is_no_folder(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "faces.json")
    with pytest.raises(FileNotFoundError, match=r"faces\.json is a pipe or a device; give the file"):
        open_dataset(f"coco:{tmp_path / 'faces.json'}")


@pytest.mark.skipif(not os.path.ismount("/proc"), reason="no /proc is mounted")
def test_what_the_kernel_makes_up_is_no_folder(tmp_path: Path) -> None:
    picture(tmp_path / "elsewhere" / "a.png")
    (tmp_path / "here").mkdir()
    for name, target in {"all": "/proc", "own": "/proc/self", "far": tmp_path / "elsewhere"}.items():
        (tmp_path / "here" / name).symlink_to(target)
    found = [folder.name for folder, _ in folders_below(tmp_path / "here")]
    assert found == ["here", "far"]
    assert list(folders_below(Path("/proc"))) == []


def shut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of that name is one that nobody may open, root neither."""
    listed = os.scandir

    def scandir(folder: Path) -> object:
        if folder.name == "shut":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(os, "scandir", scandir)


@pytest.mark.parametrize("form", ["pts", "labelme", "yolo"])
def test_a_folder_that_cannot_be_opened_is_named(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, photos = annotated_as(form, tmp_path)
    (photos / "shut").mkdir()
    shut(monkeypatch)
    dataset = open_dataset(spec)
    assert len(list(dataset)) == 1
    (reason,) = [each["reason"] for each in dataset.skipped if each["file"] == str(photos / "shut")]
    assert "(Permission denied)" in reason


@pytest.mark.parametrize("form", ["pts", "labelme", "yolo"])
@pytest.mark.parametrize("target", ["/", "..", "../.."])
def test_a_link_that_leads_up_is_named_and_not_followed(form: str, target: str, tmp_path: Path) -> None:
    spec, photos = annotated_as(form, tmp_path / "all" / "here")
    (photos / "up").symlink_to(target)
    (photos / "again").symlink_to(".")
    dataset, begun = open_dataset(spec), time.process_time()
    assert len(list(dataset)) == 1
    assert time.process_time() - begun < 2
    (reason,) = [each["reason"] for each in dataset.skipped if each["file"] == str(photos / "up")]
    assert f"leads up to {(photos / target).resolve()}, in which" in reason
    assert not any(each["file"] == str(photos / "again") for each in dataset.skipped)


def annotated_as(form: str, folder: Path) -> tuple[str, Path]:
    """One face in a format of folders: what it is called, and the folder that is gone through."""
    spec = write(folder, form, SOUND[form][1].encode())
    return spec, folder / "images" if form == "yolo" else folder


def test_300w_visits_no_folder_twice(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"l{number}").symlink_to(".")
    begun = time.process_time()
    with pytest.raises(FileNotFoundError, match=r"has no \.pts files"):
        list(open_dataset(f"300w:{tmp_path}"))
    assert time.process_time() - begun < 2

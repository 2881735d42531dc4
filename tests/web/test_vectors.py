"""The page's modules in Node against tests/vectors/, to which the Kotlin library is held, too."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facekp_export.demo import demo_face
from facekp_train.boxes import box_mappings
from tests.support.places import ROOT, TESTS

VECTORS = TESTS / "vectors"
# What the page has no use for, or cannot tell: JavaScript's 2.0 is 2, and a net's own input is looked at.
UNUSED = re.compile(
    "schema 2.0|unknown kind|no hash|a mapping of a part of a face|another (side|type)|a side of text|"
    "no input entry|an? (empty|long) licence|a confidence|an offset|a scheme with more|"
    "an? (long |empty )?name|a flip of fractions|a normalizer|a reserved normalizer|four of five"
)

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="runs the page's modules in Node")


def wanted(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text())


def told(folder: Path, script: str, *words: str | Path | int) -> dict[str, Any]:
    """What a script tells of the vectors."""
    mappings = {name: mapping.as_dict() for name, mapping in box_mappings().items()}
    (folder / "boxes.json").write_text(json.dumps(mappings))
    given = (TESTS / "web" / script, ROOT, VECTORS, folder / "boxes.json", *words)
    done = subprocess.run(["node", *map(str, given)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("node")
    image, _ = demo_face()
    height, width = image.shape[:2]
    (folder / "photo.rgba").write_bytes(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA).tobytes())
    return told(folder, "vectors.mjs", folder / "photo.rgba", width, height)


@pytest.mark.parametrize("kind", ["crops", "views", "shrunk", "hiding"])
def test_crops_are_the_same_to_one_gray_value(answers: dict[str, Any], kind: str) -> None:
    for entry, pixels in zip(wanted(kind), answers[kind], strict=True):
        picture = cv2.imread(str(VECTORS / entry["file"]))
        assert picture is not None
        expected = picture[:, :, ::-1].astype(int).ravel()
        difference = np.abs(np.array(pixels) - expected)
        assert difference.max() <= 1, entry["file"]
        assert difference.mean() < 0.01, entry["file"]


def test_boxes(answers: dict[str, Any]) -> None:
    boxes = wanted("boxes")
    assert answers["tight"] == [pytest.approx(case["tight"], rel=1e-7, abs=1e-6) for case in boxes["tight"]]
    for case, answer in zip(boxes["refined"], answers["refined"], strict=True):
        assert answer["refines"] == case["refines"]
        assert answer["refined"] == pytest.approx(case["refined"], rel=1e-6, abs=1e-5)


def test_the_finder_s_decoding(answers: dict[str, Any]) -> None:
    finder = wanted("finder")
    for case, answer in zip(finder["decoded"], answers["decoded"], strict=True):
        assert answer["count"] == case["count"]
        for key in ("anchors", "boxes", "scores", "merged", "inside", "short"):
            assert np.shape(answer[key]) == np.shape(case[key]), key
            np.testing.assert_allclose(answer[key], case[key], rtol=1e-5, atol=1e-4, err_msg=key)


def test_it_looks_at_the_same_tiles(answers: dict[str, Any]) -> None:
    for case, answer in zip(wanted("finder")["levels"], answers["levels"], strict=True):
        for key in ("sides", "least"):
            assert answer[key] == pytest.approx(case[key]), (case["width"], case["smallest"], key)
    for case, tiles in zip(wanted("hiding"), answers["covered"], strict=True):
        np.testing.assert_allclose(tiles, case["tiles"], atol=1e-6)


def test_the_tracker_and_its_smoothing(tmp_path: Path) -> None:
    answers = told(tmp_path, "tracks.mjs")
    for case, smooth in zip(wanted("one-euro"), answers["smooth"], strict=True):
        np.testing.assert_allclose(smooth, [frame["smooth"] for frame in case["frames"]], rtol=1e-6)
    for scene, steps in zip(wanted("tracks"), answers["tracks"], strict=True):
        for number, (frame, step) in enumerate(zip(scene["frames"], steps, strict=True)):
            where = f"{scene['name']} {number}"
            assert len(step["asked"]) == len(frame["asked"]), where
            for asked, look in zip(step["asked"], frame["asked"], strict=True):
                assert asked["mirrored"] == look["mirrored"], where
                assert asked["box"] == pytest.approx(look["box"], rel=1e-6, abs=1e-4), where
            assert [face["track"] for face in step["faces"]] == [face["track"] for face in frame["faces"]]
            for face, other in zip(step["faces"], frame["faces"], strict=True):
                assert face["mayBe"] == other["may_be"], where
                assert face["score"] == pytest.approx(other["score"], abs=1e-4), where
                assert face["keypoints"] == pytest.approx(other["keypoints"], abs=1e-4), where
    picture = np.arange(27).reshape(3, 3, 3)
    assert answers["flipped"] == picture[:, ::-1].ravel().tolist()


def test_documents_and_damaged_files_are_refused_alike(tmp_path: Path) -> None:
    answers = told(tmp_path, "documents.mjs")
    for case, answer in zip(wanted("documents")["texts"], answers["texts"], strict=True):
        if UNUSED.match(case["name"]):
            continue
        read = case["read"] is not None and case["name"] != "schema 1"
        assert answer["name"] == (case["read"]["name"] if read else None), case["name"]
        assert read or answer["kind"] == "Error", answer
    for number, (case, answer) in enumerate(zip(wanted("documents")["files"], answers["files"], strict=True)):
        assert (answer["name"], answer["kind"]) == (None, "Error"), number
        # The vectors' file is no net, which only what is whole comes to.
        whole = answer["says"] == "Its input is not the crop that its metadata names."
        assert whole or case["name"] is None, number

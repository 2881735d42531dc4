"""`facekp-export boxes`: the mappings it fits and the file it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from facekp_export import cli
from facekp_export.finders.base import CallableFinder, FoundFace, overlap
from facekp_export.finders.box_fit import collect_pairs, fit_boxes, matching, write_boxes
from facekp_train.boxes import BOXES_FILE, BoxMapping
from facekp_train.crop import tight_box
from facekp_train.draw import write_picture
from facekp_train.samples import FaceSample
from tests.support.files.annotated_faces import face_like, picture, points_file


def faces(folder: Path, count: int = 12) -> list[FaceSample]:
    """Faces of 68 points at different places and sizes, each on a photograph of its own."""
    rng = np.random.default_rng(7)
    angles = np.linspace(0, 2 * np.pi, 68, endpoint=False)
    samples = []
    for index in range(count):
        side = rng.uniform(40, 120)
        circle = np.column_stack([np.cos(angles), np.sin(angles)]) * side / 2
        photo = folder / f"{index}.png"
        write_picture(photo, np.full((4, 4, 3), index, np.uint8))
        keypoints = (circle + rng.uniform(100, 200, 2)).astype(np.float32)
        samples.append(FaceSample(photo, keypoints, np.ones(68, bool)))
    return samples


def from_tight(fit: BoxMapping, tight):
    """The source box that a mapping brings to `tight`."""
    x, y, side, _ = tight
    own = side / fit.scale
    return x + side / 2 - fit.dx * own - own / 2, y + side / 2 - fit.dy * own - own / 2, own, own


def test_a_finders_and_a_lists_mapping_come_out_as_they_went_in(tmp_path):
    truth = BoxMapping(dx=0.02, dy=0.11, scale=1.13)
    finders_truth = BoxMapping(dx=-0.03, dy=0.2, scale=0.8)
    labelled = faces(tmp_path)
    tight = {index: tight_box(face.keypoints) for index, face in enumerate(labelled)}
    listed = {
        face.image: FaceSample(
            face.image, face.keypoints, face.visible, from_tight(truth, tight[index]), "mtfl"
        )
        for index, face in enumerate(labelled)
    }
    # The photograph's gray says which face it is; the second box is another face's.
    finder = CallableFinder(
        lambda image: [(900, 900, 50, 50), from_tight(finders_truth, tight[int(image[0, 0, 0])])], "haar"
    )
    fits = fit_boxes(collect_pairs(labelled, listed, [finder], lambda *_: pytest.fail()), "made")
    assert set(fits) == {"mtfl", "haar"}
    for source, wanted in (("mtfl", truth), ("haar", finders_truth)):
        fit = fits[source]
        assert (fit.dx, fit.dy, fit.scale) == pytest.approx((wanted.dx, wanted.dy, wanted.scale), abs=2e-4)
        assert (fit.n, fit.fitted_on) == (12, "made")


def test_a_face_that_a_finder_misses_and_a_photograph_that_cannot_be_read_do_not_count(tmp_path):
    labelled = faces(tmp_path)
    labelled[3].image.write_text("no image")
    skipped: list[str] = []
    far = CallableFinder(lambda image: [(0, 0, 5, 5)], "far")
    near = CallableFinder(lambda image: [tight_box(labelled[int(image[0, 0, 0])].keypoints)], "near")
    pairs = collect_pairs(labelled, {}, [far, near], lambda file, reason: skipped.append(file))
    assert {source: len(found) for source, found in pairs.items()} == {"near": 11}
    assert skipped == [str(labelled[3].image)]


def test_too_few_faces_are_refused_by_name():
    with pytest.raises(ValueError, match="'haar'"):
        fit_boxes({"haar": [((0, 0, 1, 1), (0, 0, 1, 1))] * 9}, "made")


def test_faces_of_a_few_points_are_no_target(tmp_path):
    five = FaceSample(tmp_path / "a.png", np.zeros((5, 2), np.float32), np.ones(5, bool))
    with pytest.raises(ValueError, match="68 or 98"):
        collect_pairs([five], {}, [], pytest.fail)  # type: ignore[arg-type]


def test_the_best_match_wins_and_a_poor_one_does_not_count():
    near, far = FoundFace((12, 10, 100, 100), 0.5), FoundFace((40, 10, 100, 100), 0.9)
    assert matching([far, near], (10, 10, 100, 100)) == near.box
    assert matching([FoundFace((90, 90, 100, 100), 1)], (10, 10, 100, 100)) is None
    assert matching([], (10, 10, 100, 100)) is None
    assert overlap((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)


def test_other_sources_of_the_file_stay(tmp_path):
    target = tmp_path / "boxes.json"
    target.write_text('{"mine": {"dx": 0.5}}')
    write_boxes(target, {"haar": BoxMapping(dx=0.1)})
    held = json.loads(target.read_text())
    assert held["mine"] == {"dx": 0.5} and held["haar"]["dx"] == 0.1


def test_wrong_names_are_wrong_usage(tmp_path):
    for name, words in (("none:here", ["none:here"]), ("mtcnn", [f"pts:{tmp_path}", "--finder=mtcnn"])):
        ended = CliRunner().invoke(cli.app, ["boxes", "--points68", *words])
        assert ended.exit_code == 2 and name in ended.stderr


def test_what_the_lists_leave_out_is_said(tmp_path):
    for name, unit in (("a", 1), ("b", 40)):
        picture(tmp_path / f"{name}.png")
        points_file(tmp_path / f"{name}.pts", face_like(68) * 20 / unit + 5)
    words = ["boxes", "--points68", f"pts:{tmp_path}", "--finder", "haar"]
    ended = CliRunner().invoke(cli.app, words)
    assert "1 skipped" in ended.stderr and "which no face does" in ended.stderr


def test_the_stored_mapping_of_mtfl_is_what_the_command_fits(shared_data):
    root = shared_data / "mtfl"
    sets = ("--points68", f"pts:{root}@pts68_train.txt", "--data", f"mtfl:{root}", "--split", "train")
    ended = CliRunner().invoke(cli.app, ["boxes", *sets, "--finder", "none"], catch_exceptions=False)
    fits, stored = json.loads(ended.stdout), json.loads(BOXES_FILE.read_text())
    assert set(fits) == {"mtfl", "tight5"}
    assert fits["mtfl"] == stored["mtfl"] and fits["tight5"] == stored["tight5"]

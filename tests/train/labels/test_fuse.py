"""Several systems' shapes become one: constant differences go, dlib counts where it agrees, no mesh's jaw."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from facekp_train.batches.face_store import Face
from facekp_train.common.console import UserError
from facekp_train.datasets import open_dataset
from facekp_train.datasets.writing import coco
from facekp_train.datasets.writing.written import Entry
from facekp_train.images import read_image
from facekp_train.implied_five import implied_five
from facekp_train.labels.averaging import AveragedNets
from facekp_train.labels.fuse import AGREEMENT, GROUPS, fuse, moved, point_offset
from facekp_train.labels.fused import FusedLabels, fused_labels
from facekp_train.labels.labellers import Labeller, open_labellers
from facekp_train.labels.store import write_labels
from facekp_train.landmarks import to_five
from facekp_train.networks.checkpoint import load_checkpoint
from facekp_train.pose import face_frame
from facekp_train.samples import FaceSample
from tests.support.places import DEMO_PHOTO, LABELLERS, MODELS

FACES = 24
# The demo photograph's eyes, nose tip and mouth corners, placed by eye.
FIVE = np.array([(204.0, 100), (246, 103), (224, 128), (201, 138), (245, 141)])


@pytest.fixture(scope="module")
def shape() -> np.ndarray:
    """The demo photograph's 68 points, by a shipped net."""
    nets = AveragedNets([load_checkpoint(MODELS / "mdp-0.25x" / "model.safetensors")])
    return nets([read_image(DEMO_PHOTO)], [(185.0, 80.0, 80.0, 80.0)])[0][0]


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(15)


def faces_like(shape: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """[F, 68, 2]: one face in every size and tilt, each a little its own."""
    factors = random.uniform(0.5, 3, FACES) * np.exp(1j * random.uniform(-0.6, 0.6, FACES))
    varied = (shape + random.normal(0, 0.4, (FACES, *shape.shape))) @ (1, 1j)
    turned = varied * factors[:, None] + random.uniform(50, 400, (FACES, 1))
    return np.stack([turned.real, turned.imag], axis=-1)


def misplaced(random: np.random.Generator) -> np.ndarray:
    """A constant for each point; it leaves the eyes' means, which span the frame, where they are."""
    offset = random.uniform(-0.04, 0.04, (68, 2))
    for eye in (slice(36, 42), slice(42, 48)):
        offset[eye] -= offset[eye].mean(axis=0)
    return offset


def test_a_planted_constant_is_found_and_taken_away(shape: np.ndarray, random: np.random.Generator) -> None:
    truth, planted = faces_like(shape, random), misplaced(random)
    answers = moved(truth, planted)
    answers[:2] = np.nan
    answers[2] += 40  # one face of many is gross, and the median does not hear it
    offset = point_offset(answers, truth)
    assert np.allclose(offset, -planted, atol=1e-9)
    assert np.allclose(moved(answers, offset)[3:], truth[3:], atol=1e-6)


def test_eyes_that_stand_too_high_are_put_down(shape: np.ndarray, random: np.random.Generator) -> None:
    """A constant of both whole eyes, as the nets have it that were trained on moved labels."""
    truth = faces_like(shape, random)
    planted = np.zeros((68, 2))
    planted[36:48, 1] = -0.025
    answers = moved(truth, planted)
    assert np.allclose(moved(answers, point_offset(answers, truth)), truth, atol=1e-6)


def test_too_few_faces_tell_no_constant(shape: np.ndarray, random: np.random.Generator) -> None:
    truth = faces_like(shape, random)
    answers = truth + 5
    answers[9:, :17] = np.nan
    offset = point_offset(answers, truth)
    assert not offset[:17].any() and offset[17:].any()


def test_a_system_counts_where_it_agrees_group_by_group(
    shape: np.ndarray, random: np.random.Generator
) -> None:
    truth = faces_like(shape, random)
    reach = AGREEMENT * np.linalg.norm(truth[:, 45] - truth[:, 36], axis=1)[:, None]
    third = truth.copy()
    third[:, GROUPS["mouth"], 0] += 0.9 * reach
    third[:, GROUPS["nose"], 0] += 1.1 * reach
    third[:, GROUPS["jaw"]] = np.nan
    fusion = fuse([truth - 0.5, truth + 0.5, third], [False, False, True])
    heard = dict(zip(GROUPS, fusion.counted[2].all(axis=0), strict=True))
    assert heard == {"jaw": False, "brows": True, "nose": False, "eyes": True, "mouth": True}
    assert np.allclose(fusion.points[:, GROUPS["nose"]], truth[:, GROUPS["nose"]])
    assert np.allclose(fusion.points[:, GROUPS["jaw"]], truth[:, GROUPS["jaw"]])
    assert np.allclose(fusion.points[:, GROUPS["mouth"], 0] - truth[:, GROUPS["mouth"], 0], 0.3 * reach)


@dataclass
class Fake:
    """A labeller that says the same of every face."""

    answer: np.ndarray
    kind: str = "mesh"
    sees_jaw: bool = False
    is_reference: bool = False
    counts_where_it_agrees: bool = False
    path: Path = Path("fake.tflite")
    sha256: str = "0" * 64

    def __call__(self, image: np.ndarray, points: np.ndarray) -> np.ndarray:
        assert image.ndim == 3 and points.shape == (68, 2)
        return self.answer


Fused = Callable[..., FusedLabels]


@pytest.fixture
def fused(shape: np.ndarray) -> Fused:
    """Fakes label one photograph many times; a net is one that says `nets` of each."""

    def run(nets: np.ndarray, others: Sequence[Labeller], skipped: list[dict[str, str]]) -> FusedLabels:
        def answer(images: list[Any], _boxes: Any) -> tuple[np.ndarray, np.ndarray]:
            return np.array([nets] * len(images)), np.full(len(images), 0.01)

        five = FIVE.astype(np.float32)
        face = Face(FaceSample(DEMO_PHOTO, five, np.ones(5, bool)), None, five)
        return fused_labels(cast("AveragedNets", answer), others, [face] * FACES, skipped)

    return run


def test_the_mesh_has_no_say_in_the_jaw_and_the_five_are_the_hands(fused: Fused, shape: np.ndarray) -> None:
    mesh, skipped = shape + np.array((3.0, 0.0)), []
    mesh[:17] += (9.0, 9.0)
    dlib = Fake(shape, "dlib", sees_jaw=True, is_reference=True, counts_where_it_agrees=True)
    result = fused(moved(shape[None], np.full((68, 2), 0.01))[0], [Fake(mesh), dlib], skipped)
    facts = result.facts
    assert not skipped and len(result.labelled) == FACES and facts["offsets_from"] == "dlib"
    nets, meshes, _ = facts["labellers"]
    assert (nets["kind"], meshes["file"], meshes["sha256"]) == ("nets", "fake.tflite", "0" * 64)
    assert meshes["heard"] == {"jaw": 0, "brows": 1, "nose": 1, "eyes": 1, "mouth": 1}
    for labelled in result.labelled:
        points = labelled.sample.keypoints.astype(np.float64)
        assert np.allclose(implied_five(points, offset=facts["five_offset"]), FIVE, atol=1e-2)
        # Nobody disagrees but by a constant, so the shape is the reference's own.
        axes, distance = face_frame(to_five(points))
        expected, expected_distance = face_frame(to_five(shape))
        own = (points - points.mean(axis=0)) @ axes.T / distance
        assert np.allclose(own, (shape - shape.mean(axis=0)) @ expected.T / expected_distance, atol=0.02)


def test_an_answer_about_another_face_is_not_heard(fused: Fused, shape: np.ndarray) -> None:
    skipped: list[dict[str, str]] = []
    result = fused(shape, [Fake(shape + 60)], skipped)
    assert result.facts["labellers"][1]["heard"] == dict.fromkeys(GROUPS, 0.0)
    assert result.facts["offsets_from"] == "nets" and len(result.labelled) == FACES
    nobody = fused(shape + 60, [Fake(shape + 60)], skipped)
    assert not nobody.labelled and len(skipped) == FACES and "five points are off" in skipped[0]["reason"]


def test_what_is_known_of_the_labellers_is_written_and_read_over(
    fused: Fused, shape: np.ndarray, tmp_path: Path
) -> None:
    result = fused(shape, [Fake(shape)], [])
    coco.write(
        tmp_path / "f.json",
        (Entry(f.sample, f.size, f.facts()) for f in result.labelled[:1]),
        info=result.facts,
    )
    assert json.loads((tmp_path / "f.json").read_text())["info"] == result.facts
    assert len(list(open_dataset(f"coco:{tmp_path / 'f.json'}", strict=True))) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["mask:a.tflite"], "'mask:a.tflite' is no labeler; give KIND:FILE"),
        (["mesh"], "'mesh' is no labeler"),
        (["mesh:lost.task"], "lost.task: no such file; docs/guides/compress.md tells where 'mesh' is from"),
        (["mesh:{here}", "mesh:{here}"], "counts once"),
        (["mesh:{here}"], "is not MediaPipe's face landmarker of 478 points; give face_landmarker.task"),
    ],
)
def test_what_is_missing_or_wrong_is_one_sentence_before_the_work(
    words: list[str], sentence: str, tmp_path: Path
) -> None:
    here = tmp_path / "here.tflite"
    here.write_bytes(b"no model")
    model = tmp_path / "never_opened.safetensors"
    with pytest.raises(UserError, match=sentence.replace(".", r"\.")):
        write_labels(
            [model], ["mtfl:nowhere"], None, tmp_path / "l.json", also=[w.format(here=here) for w in words]
        )


def test_a_missing_package_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "dlib" else object())
    (tmp_path / "a.dat").write_bytes(b"x")
    with pytest.raises(UserError, match=r"needs dlib; install it with: pip install 'facekp\[labels\]'"):
        open_labellers([f"dlib:{tmp_path / 'a.dat'}"])


def test_nets_of_other_points_are_not_fused(
    checkpoints: Path, monkeypatch: pytest.MonkeyPatch, shape: np.ndarray
) -> None:
    monkeypatch.setattr("facekp_train.labels.labellers.open_labellers", lambda _words: [Fake(shape)])
    with pytest.raises(UserError, match=r"the 68 points of .ibug68., and .* has the 5 of .five.; leave"):
        write_labels([checkpoints / "5.safetensors"], ["mtfl:x"], None, Path("l.json"), also=["mesh:x"])


def _genuine(name: str) -> str:
    if LABELLERS is None or not (LABELLERS / name).is_file():
        pytest.skip(f"needs {name} (docs/guides/compress.md): name its folder in FACEKP_LABELLERS")
    return str(LABELLERS / name)


def test_the_genuine_landmarker_finds_the_demo_face(shape: np.ndarray) -> None:
    (mesh,) = open_labellers([f"mesh:{_genuine('face_landmarks_detector.tflite')}"])
    _near(mesh, shape, 0.08)


def test_the_genuine_predictor_finds_the_demo_face(shape: np.ndarray, tmp_path: Path) -> None:
    pytest.importorskip("dlib", reason="needs facekp[labels]")
    (predictor,) = open_labellers([f"dlib:{_genuine('shape_predictor_68_face_landmarks.dat')}"])
    _near(predictor, shape, 0.06)
    (tmp_path / "a.dat").write_bytes(b"no predictor")
    with pytest.raises(UserError, match="is not dlib's predictor of 68 points"):
        open_labellers([f"dlib:{tmp_path / 'a.dat'}"])


def _near(labeller: Labeller, shape: np.ndarray, share: float) -> None:
    """Its inner points lie near a net's, in the photograph and in one that lies on its side."""
    image = read_image(DEMO_PHOTO)
    eyes = np.linalg.norm(FIVE[1] - FIVE[0])
    upright = labeller(image, shape)
    assert np.linalg.norm(upright - shape, axis=1)[17:].mean() < share * eyes
    height = image.shape[0]
    turned = np.column_stack([height - 1 - shape[:, 1], shape[:, 0]])
    lying = labeller(np.ascontiguousarray(np.rot90(image, -1)), turned)
    back = np.column_stack([lying[:, 1], height - 1 - lying[:, 0]])
    assert np.linalg.norm(back - upright, axis=1).mean() < 0.02 * eyes

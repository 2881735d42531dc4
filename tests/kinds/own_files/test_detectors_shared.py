"""Kind: a detector that is pickled, copied, used by another thread or given threads without end."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest

from facekp_export.demo import demo_face
from facekp_export.detector import KeypointDetector
from facekp_export.inference.runtimes import open_model
from facekp_export.tracking import VideoTracker
from tests.support.models.detect_cli import call as detect
from tests.support.places import DEMO_PHOTO, MODELS


def first_points(detector: KeypointDetector) -> np.ndarray:
    return detector.detect(demo_face()[0])[0].keypoints


@pytest.mark.parametrize("name", ["model_int8.tflite", "model.onnx"])
@pytest.mark.parametrize("finder", [None, "haar", "blazeface"])
def test_a_pickled_or_copied_detector_answers_alike(name: str, finder: str | None) -> None:
    detector = KeypointDetector.from_export(MODELS / "mdp-0.25x" / name, finder=finder)
    expected = first_points(detector)
    for other in (pickle.loads(pickle.dumps(detector)), copy.deepcopy(detector)):
        np.testing.assert_array_equal(first_points(other), expected)
        assert other.model.runtime.threads == 1 and other.scheme == detector.scheme


def test_a_detector_goes_to_a_process_that_is_spawned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    detector = KeypointDetector.from_export("mdp-0.25x")
    monkeypatch.chdir(tmp_path)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply(first_points, (detector,))
    np.testing.assert_array_equal(found, first_points(detector))


def test_a_second_thread_is_refused_in_words_and_one_of_its_own_is_not() -> None:
    detector = KeypointDetector.from_export("mdp-0.25x")
    image, box = demo_face()
    said: list[str] = []
    own: list[np.ndarray] = []

    def use() -> None:
        for call in (
            lambda: detector.detect(image),
            lambda: detector.detect(image, [box]),
            lambda: VideoTracker(detector).update(image, 0.0),
        ):
            with pytest.raises(RuntimeError) as told:
                call()
            said.append(str(told.value))
        own.append(KeypointDetector.from_export("mdp-0.25x").detect(image, [box])[0].keypoints)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join(120)
    assert len(said) == 3 and all("opened by another thread" in words for words in said)
    np.testing.assert_array_equal(own[0], detector.detect(image, [box])[0].keypoints)


@pytest.mark.parametrize("threads", [0, 1025, 3000, 99999999999999999999])
def test_threads_are_bounded(capsys: pytest.CaptureFixture[str], threads: int) -> None:
    assert detect(DEMO_PHOTO, "--json", "--threads", threads) == 2
    assert ("1024" if threads else "1") in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"at (least|most)"):
        open_model(MODELS / "mdp-0.25x" / "model.onnx", threads)

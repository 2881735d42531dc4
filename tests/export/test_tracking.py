"""The tracker on frames cut from the demo photo: it follows, loses, finds again and keeps apart."""

from __future__ import annotations

import numpy as np
import pytest

from facekp_export.detector import KeypointDetector
from facekp_export.finders.base import FoundFace
from facekp_export.finders.registry import open_finder
from facekp_export.tracking import TrackedFace, VideoTracker
from facekp_export.video.one_euro import OneEuro
from facekp_train.boxes import mapping_of
from facekp_train.common.shipped import default_model
from facekp_train.crop import tight_box
from tests.support.files.synthetic_faces import DiscModel, draw_face
from tests.support.pictures.moving_faces import SIDE, scene


class Finder:
    """BlazeFace's short-range net, its calls counted; `turned` gives its faces in another order each time."""

    def __init__(self) -> None:
        self._finder = open_finder("blazeface-fast")
        self.box_source = self._finder.box_source
        self.calls = 0

    def find(self, image) -> list[FoundFace]:
        self.calls += 1
        return self._finder.find(image)


@pytest.fixture
def finder() -> Finder:
    return Finder()


@pytest.fixture(scope="module")
def model():
    return KeypointDetector.from_export(default_model()).model


@pytest.fixture
def tracker(model, finder) -> VideoTracker:
    return VideoTracker(KeypointDetector(model, finder))


def middle(face: TrackedFace) -> np.ndarray:
    x, y, width, height = face.box
    return np.array([x + width / 2, y + height / 2])


def run_over(
    tracker: VideoTracker, frames, rate: float = 25.0, start: float = 0.0
) -> list[list[TrackedFace]]:
    return [tracker.update(frame, start + step / rate) for step, frame in enumerate(frames)]


def test_the_box_follows_the_keypoints_and_the_finder_looks_now_and_then(tracker, finder):
    places = [(100 + 5 * step, 120 - step) for step in range(25)]
    seen = run_over(tracker, [scene(place) for place in places])
    assert [[face.track for face in faces] for faces in seen] == [[1]] * 25
    # Where the face's own center lies in its cutout is the same on each frame.
    offsets = np.array([middle(face) - place for (face,), place in zip(seen, places, strict=True)])
    assert np.ptp(offsets, axis=0).max() < 0.05 * SIDE
    assert finder.calls == 2, "once at the start and once after half a second"
    face = seen[-1][0]
    assert face.keypoints.dtype == np.float32 and face.keypoints.shape == (68, 2)
    assert 0.5 < face.score <= 1 and face.may_be == ()
    assert face.confidence is not None and 0.5 < face.confidence <= 1
    np.testing.assert_allclose(face.box, tight_box(face.keypoints))


def test_a_face_that_goes_behind_something_is_lost_and_comes_back_under_its_number(tracker):
    here, gone = scene((180, 120)), scene()
    seen = run_over(tracker, [here] * 3 + [gone] * 5 + [here] * 3)
    assert [[face.track for face in faces] for faces in seen] == [[1]] * 3 + [[]] * 5 + [[1]] * 3


def test_a_face_that_was_away_longer_than_remembered_gets_a_new_number(model, finder):
    tracker = VideoTracker(KeypointDetector(model, finder), remember=0.1)
    here, gone = scene((180, 120)), scene()
    seen = run_over(tracker, [here] * 2 + [gone] * 5 + [here] * 2)
    assert [[face.track for face in faces] for faces in (seen[1], seen[-1])] == [[1], [2]]


def test_a_face_far_from_where_one_was_lost_is_another(tracker):
    seen = run_over(tracker, [scene((70, 120))] * 2 + [scene((290, 120))] * 2)
    assert [[face.track for face in faces] for faces in seen] == [[1], [1], [2], [2]]


def test_a_new_number_near_a_lost_face_says_whose_it_may_be(tracker):
    seen = run_over(tracker, [scene((140, 120))] * 2 + [scene((140 + SIDE, 120))] * 2)
    assert [(face.track, face.may_be) for face in seen[-1]] == [(2, (1,))]


def test_faces_enter_and_leave_and_numbers_stay(tracker):
    one, two = (80, 120), (270, 120)
    frames = [scene(one)] * 5 + [scene(one, two)] * 20 + [scene(two)] * 5
    seen = run_over(tracker, frames)
    assert [face.track for face in seen[4]] == [1]
    assert [face.track for face in seen[24]] == [1, 2], "found when the frame was searched again"
    assert [face.track for face in seen[-1]] == [2]
    assert middle(seen[24][0])[0] < middle(seen[24][1])[0]
    assert abs(middle(seen[-1][0])[0] - two[0]) < SIDE / 4


def test_a_face_that_walks_out_of_the_frame_is_let_go(tracker):
    seen = run_over(tracker, [scene((180 + 12 * step, 120)) for step in range(20)])
    assert [face.track for face in seen[0]] == [1] and seen[-1] == []


def test_without_faces_there_are_none_and_each_frame_is_searched(tracker, finder):
    assert run_over(tracker, [scene()] * 4) == [[]] * 4
    assert finder.calls == 4


@pytest.mark.parametrize("speed", [3, 8])
def test_faces_that_cross_keep_their_numbers_or_say_that_they_may_not(tracker, speed):
    steps = range(-100, 101, speed)
    seen = run_over(tracker, [scene((180 - step, 112), (180 + step, 128)) for step in steps])
    ((first, second),) = {tuple(face.track for face in seen[1])}
    truth = {first: 180 + 100, second: 180 - 100}
    if middle(seen[1][0])[0] > 180:
        truth = {first: 80, second: 280}
    last = seen[-1]
    assert len(last) == 2
    for face in last:
        kept = face.track in truth and abs(middle(face)[0] - truth[face.track]) < SIDE / 2
        assert kept or face.may_be or face.track not in truth


def test_smoothing_steadies_a_still_face_and_none_leaves_the_nets_points(model, finder):
    detector = KeypointDetector(model, finder)
    frames = [scene((180, 120), noise=step + 1) for step in range(25)]
    moves = {}
    for name, smoothing in (("plain", None), ("smooth", OneEuro())):
        points = np.array(
            [faces[0].keypoints for faces in run_over(VideoTracker(detector, smoothing), frames)]
        )
        moves[name] = np.hypot(*np.diff(points[5:], axis=0).T).mean()
    assert moves["smooth"] < 0.5 * moves["plain"]


def test_an_uneven_frame_rate_and_a_long_pause_change_no_number_where_the_face_stays(tracker):
    frame, times = scene((180, 120)), [0.0, 0.01, 0.3, 0.31, 1.2, 60.0]
    seen = [tracker.update(frame, time) for time in times]
    assert [[(f.track, f.may_be) for f in faces] for faces in seen] == [[(1, ())]] * 6


@pytest.mark.parametrize("places", [((80, 120), (140, 120)), ((80, 120), (280, 120))])
def test_a_face_elsewhere_after_a_long_pause_may_be_the_one_before(tracker, places):
    before, after = places
    run_over(tracker, [scene(before)] * 5)
    assert [(f.track, f.may_be) for f in tracker.update(scene(after), 60.0)] == [(2, (1,))]


def test_a_moving_face_is_looked_for_where_it_was_after_a_long_pause(tracker):
    run_over(tracker, [scene((80 + 5 * step, 120)) for step in range(10)])
    assert [(f.track, f.may_be) for f in tracker.update(scene((130, 120)), 5.0)] == [(1, ())]


def test_a_face_found_far_from_a_lost_one_does_not_take_its_number_for_certain(tracker):
    """A is lost, B, who was not seen before, is found beside it, and A comes back."""
    one, two = (100, 120), (100 + round(1.3 * SIDE), 120)
    frames = [scene(one)] * 5 + [scene()] * 20 + [scene(two)] * 3 + [scene(one, two)] * 15
    seen = run_over(tracker, frames)
    assert [(face.track, face.may_be) for face in seen[27]] == [(2, (1,))]
    assert [(face.track, face.may_be) for face in seen[-1]] == [(1, (2,)), (2, (1,))]
    assert middle(seen[-1][0])[0] < middle(seen[-1][1])[0]


def test_whoever_takes_a_lost_number_shares_it_with_one_found_later_where_it_was_lost(tracker):
    one, two = (100, 120), (125, 120)
    away = (100 + round(1.3 * SIDE), 120)
    frames = [scene(one)] * 5 + [scene()] * 2 + [scene(two)] * 3 + [scene(two, away)] * 15
    seen = run_over(tracker, frames)
    assert [(face.track, face.may_be) for face in seen[9]] == [(1, ())]
    assert [(face.track, face.may_be) for face in seen[-1]] == [(1, (2,)), (2, (1,))]


def test_a_loss_long_ago_casts_no_doubt_on_a_face_that_comes_in(tracker):
    one, two = (100, 120), (100 + round(1.3 * SIDE), 120)
    frames = [scene(one)] * 5 + [scene()] * 2 + [scene(one)] * 40 + [scene(one, two)] * 15
    seen = run_over(tracker, frames)
    assert [(face.track, face.may_be) for face in seen[-1]] == [(1, ()), (2, ())]


def test_the_score_tells_a_face_from_its_absence(tracker):
    (face,) = tracker.update(scene((180, 120)), 0.0)
    there, gone, noise = (
        tracker.look(image, [face.box])[0].score
        for image in (
            scene((180, 120), noise=3),
            scene(),
            np.random.default_rng(0).integers(0, 255, (240, 360, 3), np.uint8),
        )
    )
    assert there > 0.7 and max(gone, noise) < 0.4


def test_models_of_five_points_are_followed_as_well():
    class Sided(DiscModel):
        """Names left and right by place, as a net does, where the disc model goes by color."""

        def predict(self, crops):
            points = super().predict(crops)
            turned = points[:, 0, 0] > points[:, 1, 0]
            points[turned] = points[turned][:, [1, 0, 2, 4, 3]]
            return points

    class Once:
        box_source = "tight5"

        def __init__(self) -> None:
            self.boxes: list = []

        def find(self, image):
            return [FoundFace(box, 0.9) for box in self.boxes]

    finder = Once()
    tracker = VideoTracker(KeypointDetector(Sided(), finder), smoothing=None)  # type: ignore[arg-type]
    for step in range(10):
        image = np.zeros((300, 400, 3), np.uint8)
        points = draw_face(image, (120 + 8 * step, 150), 40)
        finder.boxes = [tight_box(points)] if step == 0 else []
        (face,) = tracker.update(image, step / 25)
        np.testing.assert_allclose(face.keypoints, points, atol=0.15)
    assert mapping_of("tight5").scale > 1


@pytest.mark.parametrize("seconds", [1.0, 0.0, float("nan"), float("inf")])
def test_time_must_advance(tracker, seconds):
    tracker.update(scene(), 1.0)
    with pytest.raises(ValueError, match="later than the last"):
        tracker.update(scene(), seconds)


def test_what_is_no_frame_is_refused(tracker):
    with pytest.raises(ValueError, match="uint8"):
        tracker.update(np.zeros((4, 4)), 0.0)
    with pytest.raises(ValueError, match="seconds"):
        VideoTracker(tracker.detector, look_every=-1)

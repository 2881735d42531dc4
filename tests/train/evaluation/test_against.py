"""`facekp-train evaluate --against`: the paired change from another model's error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facekp_train.evaluation.against import paired_against
from facekp_train.evaluation.evaluate import Answers
from facekp_train.face_parts import parts_of
from facekp_train.landmarks import scheme_of
from facekp_train.samples import FaceSample
from tests.support.models.train_cli import command, printed

CHANCE = np.random.default_rng(5)
TRUTH = CHANCE.uniform(0, 100, (40, 68, 2))
WRONG = CHANCE.normal(0, 3, TRUTH.shape)


def answers_of(wrong: np.ndarray, faces_of_a_photograph: int = 1) -> Answers:
    samples = [
        FaceSample(Path(f"{i // faces_of_a_photograph}.png"), face.astype(np.float32), np.ones(68, bool))
        for i, face in enumerate(TRUTH)
    ]
    return Answers(samples=samples, predicted=list(TRUTH + wrong), sides=[1.0] * len(TRUTH))


def test_half_the_error_of_a_group_is_found_in_it() -> None:
    """Every face's eyes are twice as near: the change is known without an interval to speak of."""
    better = WRONG.copy()
    eyes = list(parts_of(scheme_of(68))["eyes"])
    better[:, eyes] /= 2
    answers = answers_of(better)
    other = answers_of(WRONG).score()
    against = paired_against(answers.score(), other, "other", answers.samples)
    assert against.groups["eyes"].change == pytest.approx((-50, -50, -50), abs=1e-3)
    assert against.groups["jaw"].change == pytest.approx((0, 0, 0), abs=1e-3)
    assert against.whole.other_nme == pytest.approx(other.nme["inter_ocular"])
    assert against.whole.change is not None
    assert against.whole.change.low < against.whole.change.value < against.whole.change.high < 0


def test_the_interval_is_over_photographs_and_always_the_same() -> None:
    """Faces of one photograph are drawn together, which gives another interval."""
    other_wrong = np.random.default_rng(6).normal(0, 3, TRUTH.shape)
    widths = []
    for share in (1, 8):
        answers = answers_of(WRONG, share)
        other = answers_of(other_wrong, share).score()
        first, again = (paired_against(answers.score(), other, "other", answers.samples) for _ in range(2))
        assert first == again
        change = first.whole.change
        assert change is not None
        widths.append(change.high - change.low)
    assert widths[1] != widths[0]


def test_another_model_without_an_error_allows_no_change() -> None:
    answers = answers_of(WRONG)
    against = paired_against(answers.score(), answers_of(0 * WRONG).score(), "other", answers.samples)
    assert against.whole.change is not None  # labels are float32
    eyes = answers_of(WRONG)
    flawless = [sample.keypoints.astype(np.float64) for sample in eyes.samples]
    eyes.predicted = flawless
    against = paired_against(answers.score(), eyes.score(), "other", answers.samples)
    assert (against.whole.change, against.groups["eyes"].change) == (None, None)
    assert against.as_json()["change"] is None


def test_what_does_not_pair_is_refused() -> None:
    answers = answers_of(WRONG)
    with pytest.raises(ValueError, match=r"other was compared in 68 keypoints on 39 faces.*do not pair"):
        paired_against(answers.score(), answers.of(range(39)).score(), "other", answers.samples)


def test_the_command_says_it(photos: Path, checkpoints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = checkpoints / "68.safetensors"
    words = "evaluate", "--model", model, "--data", f"pts:{photos}", "--against", model
    assert command(*words, "--json") == 0
    document = printed(capsys)
    against = document["against"]
    assert (against["model"], against["n"]) == (str(model), 4)
    assert against["change"] == {"value": 0, "low": 0, "high": 0}
    assert against["nme"] == against["other_nme"] == pytest.approx(document["nme"]["inter_ocular"])
    assert {name: group["n"] for name, group in against["groups"].items()} == {
        name: group["n"] for name, group in document["groups"].items()
    }
    assert command(*words) == 0
    text = capsys.readouterr().out
    assert "on the same faces, NME over inter-ocular distance" in text
    assert text.count("+0.0 to +0.0 %") == 7
    assert command(*words[:-1], "missing.safetensors") == 1
    assert "missing.safetensors: no such file" in " ".join(capsys.readouterr().err.split())

"""What weights may be used for goes from a start, a teacher and labels to all that learns from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from facekp_train.common.console import UserError
from facekp_train.common.shipped import CHECKPOINT, WEIGHTS_LICENCE, shipped_models_dir
from facekp_train.metadata import joined_licence
from facekp_train.networks.checkpoint import load_checkpoint, save_checkpoint
from facekp_train.training.fit import fit
from facekp_train.training.provenance import licence_of
from facekp_train.training.recipe import make_recipe
from tests.support.models.quick_fits import quick, save_disc_teacher
from tests.support.models.train_cli import command


def licensed(checkpoint: Path, terms: str, to: Path) -> Path:
    known = load_checkpoint(checkpoint)
    save_checkpoint(to, known.net, known.header.model_copy(update={"weights_licence": terms}))
    return to


@pytest.mark.parametrize("name", ["mdp-0.25x", "mdp-1x", "mdp-fast", "teacher"])
def test_a_shipped_checkpoint_says_what_it_may_be_used_for(name: str) -> None:
    assert load_checkpoint(shipped_models_dir() / name / CHECKPOINT).header.weights_licence == WEIGHTS_LICENCE


def test_another_of_the_same_size_says_nothing(tmp_path: Path) -> None:
    """The teacher's checkpoint was written before these say so themselves: its hash tells."""
    content = bytearray((shipped_models_dir() / "teacher" / CHECKPOINT).read_bytes())
    content[-1] ^= 1
    (tmp_path / "a.safetensors").write_bytes(content)
    assert load_checkpoint(tmp_path / "a.safetensors").header.weights_licence is None


def test_terms_are_joined_and_none_stands_twice() -> None:
    assert joined_licence([None, None]) is None
    assert joined_licence(["a", None, "b", "a"]) == "a; b"
    assert joined_licence(["a", "a; b"]) == "a; b"
    assert joined_licence(["research", "not for research alone"]) == "research; not for research alone"


def test_a_net_inherits_from_start_teacher_and_labels(discs: Path, checkpoints: Path, tmp_path: Path) -> None:
    start = licensed(checkpoints / "5.safetensors", "of the start", tmp_path / "start.safetensors")
    teacher = licensed(checkpoints / "5.safetensors", "of the teacher", tmp_path / "teacher.safetensors")
    labels = tmp_path / "labels.json"
    labels.write_text(json.dumps({"info": {"weights_licence": "of the labeler"}, "images": []}))
    recipe = quick(discs, 1).model_copy(
        update={"init": str(start), "teacher": str(teacher), "data": [f"mtfl:{discs}", f"coco:{labels}"]}
    )
    assert licence_of(recipe) == "of the start; of the teacher; of the labeler"


def test_ones_own_terms_come_after_what_is_inherited(discs: Path, checkpoints: Path, tmp_path: Path) -> None:
    teacher = licensed(checkpoints / "5.safetensors", "research alone", tmp_path / "teacher.safetensors")
    own = quick(discs, 1).model_copy(update={"weights_licence": "CC BY 4.0"})
    assert licence_of(own) == "CC BY 4.0"
    assert licence_of(own.model_copy(update={"teacher": str(teacher)})) == "research alone; CC BY 4.0"
    best = fit(own, tmp_path / "run")
    assert best is not None and load_checkpoint(best).header.weights_licence == "CC BY 4.0"
    more = quick(discs, 1).model_copy(update={"init": str(best), "weights_licence": "x" * 1999})
    with pytest.raises(UserError, match="2010 together; shorten the recipe's"):
        licence_of(more)


@pytest.mark.parametrize("terms", ["", "  ", "two\nlines", "\x1b[31mred", 7, ["MIT"], "x" * 2001])
def test_what_is_no_line_of_text_is_refused(terms: object) -> None:
    with pytest.raises(UserError, match="recipe: weights_licence: "):
        make_recipe("modern", {"weights_licence": terms}, [])


def test_terms_on_the_command_line() -> None:
    recipe = make_recipe("modern", {"data": ["mtfl:x"]}, ["weights_licence=CC BY-NC 4.0"])
    assert recipe.weights_licence == "CC BY-NC 4.0"
    assert (
        make_recipe("modern", {"data": ["mtfl:x"], "weights_licence": " MIT "}, []).weights_licence == "MIT"
    )


def test_labels_say_whose_they_are_and_what_learns_from_them_too(discs: Path, tmp_path: Path) -> None:
    labeler = licensed(save_disc_teacher(tmp_path / "net.safetensors"), "mine", tmp_path / "m.safetensors")
    labels = tmp_path / "labels.json"
    words = ("--data", f"mtfl:{discs}", "--split", "train", "--out", labels)
    assert command("label", "--model", labeler, *words) == 0
    assert json.loads(labels.read_text())["info"] == {"weights_licence": "mine"}
    recipe = quick(discs, 1).model_copy(update={"data": [f"coco:{labels}"], "split": None})
    best = fit(recipe, tmp_path / "run")
    assert best is not None and load_checkpoint(best).header.weights_licence == "mine"

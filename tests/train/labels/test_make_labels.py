"""What a run's labels are made from is noted, and is refused where it changes."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lightning_fabric import Fabric
from pydantic import ValidationError

from facekp_train.common.console import UserError
from facekp_train.common.files import sha256_of
from facekp_train.labels.store import LABELS_BEGUN_FILE, make_labels
from facekp_train.pipeline.settings import Labels
from facekp_train.training.recipe import make_recipe

ALONE = cast("Fabric", SimpleNamespace(is_global_zero=True, barrier=lambda: None))


def test_who_labels_is_noted_by_content(discs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    def write(models: list[Path], _data: Any, _split: Any, out: Path, also: list[str], **_: Any) -> None:
        told.append((models, also))
        out.write_text("{}")

    monkeypatch.setattr("facekp_train.labels.store.write_labels", write)
    files = [tmp_path / name for name in ("a.safetensors", "b.safetensors", "mesh.tflite")]
    for file in files:
        file.write_text(file.name)
    nets, mesh = files[:2], files[2]
    also = [f"mesh:{mesh}"]
    recipe = make_recipe("modern", {"data": [f"mtfl:{discs}"], "split": "train"}, [])
    out = tmp_path / "run"
    out.mkdir()
    make_labels(nets, recipe, "all", out, ALONE, also)
    assert told == [(nets, also)]
    noted = json.loads((out / LABELS_BEGUN_FILE).read_text())
    assert noted["models"] == [sha256_of(net) for net in nets]
    assert noted["also"] == {"mesh": sha256_of(mesh)}
    make_labels(nets, recipe, "all", out, ALONE, also)
    assert len(told) == 1
    mesh.write_text("another")
    with pytest.raises(UserError, match="made by other settings, or from a net or labels that have changed"):
        make_labels(nets, recipe, "all", out, ALONE, also)


def test_labellers_who_label_nothing_are_refused() -> None:
    assert Labels(faces="all", models=["a.safetensors"], also=["mesh:b.task"]).also == ["mesh:b.task"]
    for settings in ({"models": ["a.safetensors"]}, {"also": ["mesh:b.task"]}):
        with pytest.raises(ValidationError, match="faces is none, so nobody labels"):
            Labels.model_validate(settings)

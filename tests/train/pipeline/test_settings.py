"""The file of `facekp-train run`: what it may say, and that wrong settings are named before hours of work."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from facekp_train.common.console import UserError
from facekp_train.common.shipped import shipped_models_dir
from facekp_train.pipeline.settings import load_pipeline

GOOD = {
    "shared": {"data": ["mtfl:$FACES/mtfl"], "points": 5, "seed": 3},
    "teacher": {"set": {"backbone": "resnet-50", "epochs": 9}},
    "student": {"recipe": "paper"},
    "distill": {"set": {"epochs": 4, "lambda_dp": 2.0}},
    "prune": {"rate": 0.5, "set": {"epochs": 1}},
}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "small.yaml"
    path.write_text("# made for $NOBODY\n" + yaml.safe_dump({**GOOD, **changes}))
    return path


def test_a_pipeline_may_end_before_pruning(tmp_path: Path) -> None:
    path = tmp_path / "short.yaml"
    path.write_text(yaml.safe_dump({key: GOOD[key] for key in GOOD if key != "prune"}).replace("$", ""))
    assert load_pipeline(path).prune is None


def test_stages_share_what_is_shared_and_keep_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACES", "/faces")
    pipeline = load_pipeline(written(tmp_path))
    assert pipeline.name == "small"
    assert pipeline.distill is not None and pipeline.prune is not None
    recipes = [
        pipeline.recipe(s) for s in (pipeline.teacher, pipeline.student, pipeline.distill, pipeline.prune)
    ]
    assert all(r.data == ["mtfl:/faces/mtfl"] and r.points == 5 and r.seed == 3 for r in recipes)
    assert [r.backbone for r in recipes] == ["resnet-50", *["mobilenet-v2"] * 3]
    assert [r.name for r in recipes] == ["modern", "paper", "modern", "retrain"]
    assert [r.epochs for r in recipes] == [9, 60, 4, 1] and recipes[2].lambda_dp == 2


def test_the_teacher_is_a_resnet_unless_it_is_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACES", "/faces")
    own = tmp_path / "own.yaml"
    own.write_text("epochs: 3\n")
    for section, backbone in (
        ({}, "resnet-50"),
        ({"set": {"backbone": "mobilenet-v2"}}, "mobilenet-v2"),
        ({"recipe": str(own)}, "mobilenet-v2"),
    ):
        assert load_pipeline(written(tmp_path, teacher=section)).teacher_recipe().backbone == backbone


def test_a_students_own_widths_pass_on_to_the_net_that_is_distilled(tmp_path: Path) -> None:
    shared = {"data": ["mtfl:/faces"], "expansion": 0.5}
    for own, distill, expansion in (
        ({}, {}, 0.5),
        ({"expansion": 0.75}, {}, 1),
        ({"expansion": 1}, {"expansion": 0.25}, 0.25),
    ):
        pipeline = load_pipeline(
            written(tmp_path, shared=shared, student={"set": own}, distill={"set": distill})
        )
        assert pipeline.distill is not None
        assert pipeline.recipe(pipeline.distill).expansion == expansion


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"prune": {}}, "a rate or a budget"),
        ({"prune": {"rate": 0.5, "budget": "2MB"}}, "a rate or a budget"),
        ({"prune": {"rate": 1.5}}, "prune.rate"),
        ({"teacher": {"checkpoint": "a", "set": {"epochs": 1}}}, "not both"),
        ({"student": {"set": {"epocs": 1}}}, "epocs"),
        ({"studnet": {}}, "studnet"),
        ({"shared": {"points": 5}}, "data"),
        ({"shared": {"data": ["mtfl:$NOT_SET_ANYWHERE/x"]}}, "NOT_SET_ANYWHERE, which is not set"),
        ({"distill": {"recipe": "nothing"}}, "nothing"),
        ({"prune": {"rate": 0.5, "budget": "2.5GB"}}, r"prune: a budget is written 2\.5MB.* not '2\.5GB'"),
        ({"prune": {"budget": "0MB"}}, "not '0MB'"),
        (
            {"shared": {**GOOD["shared"], "teacher": "x"}},
            "shared: 'teacher' is not allowed here; leave it out",
        ),
        ({"shared": {**GOOD["shared"], "init": "x"}}, "shared: 'init' is not allowed"),
        ({"shared": {**GOOD["shared"], "quantize": True}}, "shared: 'quantize' is not allowed"),
        ({"distill": {"set": {"teacher": "x"}}}, r"distill\.set: 'teacher' is not allowed"),
        (
            {"distill": {"set": {"hidden": 64}}},
            r"distill\.set: 'hidden' is not allowed here.* from the student",
        ),
        ({"distil": {"set": {"epochs": 1}}}, "no 'distil'; 'distill' may be meant"),
        ({"shared": {**GOOD["shared"], "colour": 1}}, "colour"),
        ({"student": {"set": {"optimiser": "adamw"}}}, "no 'optimiser'; 'optimizer' may be meant"),
        ({"prune": {"rate": 0.5, "teacher": "distilled"}}, r"prune\.teacher: .*'distill' or 'teacher'"),
        ({"prune": {"rate": 0.5, "set": {"init": "x"}}}, r"prune\.set: 'init' is not allowed"),
        (
            {"prune": {"rate": 0.5, "set": {"points": 5}}},
            r"prune\.set: 'points' is not allowed .* from the student",
        ),
        (
            {"prune": {"rate": 0.5, "set": {"expansion": 0.5}}},
            r"prune\.set: 'expansion' is not allowed here.* widths",
        ),
    ],
)
def test_what_is_wrong_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], sentence: str
) -> None:
    monkeypatch.setenv("FACES", "/faces")
    with pytest.raises(UserError, match=sentence):
        load_pipeline(written(tmp_path, **changes))


def test_files_that_are_no_pipeline(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    for text in ("- 1", "a: [", ""):
        path.write_text(text)
        with pytest.raises(UserError, match=r"not (YAML|a pipeline)"):
            load_pipeline(path)
    with pytest.raises(UserError, match=r"x2\.yaml: no such file"):
        load_pipeline(tmp_path / "x2.yaml")


def test_a_shipped_model_is_meant_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"teacher": {"checkpoint": "mdp-1x"}, "student": {"set": {"init": "mdp-0.25x"}}}
    monkeypatch.setenv("FACES", "faces")
    monkeypatch.setenv("NOBODY", "nobody")
    monkeypatch.chdir(tmp_path)
    pipeline = load_pipeline(written(tmp_path, **given))
    assert pipeline.teacher.checkpoint is not None
    assert Path(pipeline.teacher.checkpoint).is_file()
    assert pipeline.recipe(pipeline.student).init == str(
        shipped_models_dir() / "mdp-0.25x" / "model.safetensors"
    )
    (tmp_path / "mdp-1x").touch()
    assert load_pipeline(written(tmp_path, **given)).teacher.checkpoint == "mdp-1x"

"""`facekp-export --untrained`: random weights say so everywhere, and their files still compute the net."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.support.extras import needs_export

needs_export()

from facekp_export.cli import app  # noqa: E402
from facekp_export.detector import KeypointDetector  # noqa: E402
from facekp_export.inference.metadata import ModelInfo, read_info  # noqa: E402
from facekp_export.inference.runtimes import open_model  # noqa: E402
from facekp_export.publishing.android import export_android  # noqa: E402
from facekp_export.quantization.calibration import demo_views  # noqa: E402
from facekp_export.untrained import untrained_config  # noqa: E402
from facekp_export.verification.manifest import Manifest, read_manifest  # noqa: E402
from facekp_export.verification.verify import Tolerance, verify_file  # noqa: E402
from facekp_train.common.console import UserError, run  # noqa: E402
from facekp_train.crop import CropRule  # noqa: E402
from facekp_train.networks.checkpoint import load_checkpoint  # noqa: E402

pytestmark = pytest.mark.slow
NAME = "mdp-fast (untrained)"
SIZES = ("channels=[8,8,8,16,16]", "pairs=[0,0,1,0,0]", "size=32", "points=5")


def command(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        run(app, [str(word) for word in words])
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("untrained") / "out"
    sizes = [word for size in SIZES for word in ("--set", size)]
    assert command("--backbone", "mdp-fast", "--untrained", *sizes, "--to", "tflite", "--out", out) == 0
    return out


def test_everything_says_that_the_weights_are_random(exported: Path) -> None:
    manifest = read_manifest(exported)
    assert manifest is not None and manifest.untrained and manifest.name == NAME
    for entry in manifest.files:
        info = read_info(exported / entry.file)
        assert info is not None and info.untrained and info.name == NAME
        assert entry.deviation.followed is not None and entry.deviation.followed > 0.9
    report = (exported / "report.md").read_text()
    assert f"# {NAME}" in report and "Untrained: the weights are random" in report
    assert load_checkpoint(exported / "model.safetensors").header.untrained


def test_a_file_that_does_not_give_the_nets_numbers_is_refused(exported: Path) -> None:
    crops = demo_views(CropRule(size=32), 16)
    truth = load_checkpoint(exported / "model.safetensors").predict(crops)
    model = open_model(exported / "model_int8.tflite")
    assert verify_file(model, crops, truth, Tolerance()).followed is not None
    with pytest.raises(UserError, match=r"follows .* so its conversion is wrong"):
        verify_file(model, crops, np.roll(truth, 1, axis=0), Tolerance())


def test_nobody_detects_with_it(exported: Path) -> None:
    with pytest.raises(ValueError, match="random weights, for timing alone"):
        KeypointDetector.from_export(exported / "model_int8.tflite")
    with pytest.raises(UserError, match="random weights, which no app can use"):
        export_android(exported)


def test_its_own_checkpoint_can_be_exported_over_it(exported: Path) -> None:
    """What the manifest does not list among the files is known as the export's own all the same."""
    again = exported.with_name("again")
    assert command("--model", exported / "model.safetensors", "--to", "tflite", "--out", again) == 0
    first, second = read_manifest(exported), read_manifest(again)
    assert first is not None and second is not None and second.name == NAME
    assert second.untrained and second.checkpoint_sha256 == first.checkpoint_sha256
    assert command("--model", exported / "model.safetensors", "--to", "tflite", "--out", exported) == 0


def test_metadata_speaks_of_it_only_where_it_is_so(exported: Path) -> None:
    info = read_info(exported / "model_int8.tflite")
    assert info is not None
    document = json.loads(info.to_json())
    assert document.pop("untrained") is True
    assert not ModelInfo.from_json(json.dumps(document)).untrained
    with pytest.raises(ValueError, match="neither true nor false"):
        ModelInfo.from_json(json.dumps(document | {"untrained": 1}))
    assert Manifest.model_fields["untrained"].default is False


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--backbone", "resnet-50"], "without --untrained; add that"),
        (["--untrained"], "--untrained needs a --backbone"),
        (["--untrained", "--backbone", "resnet-50", "--model", "mdp-1x"], "has no accuracy"),
        (["--untrained", "--backbone", "resnet-51"], "no backbone is called 'resnet-51'"),
        (["--untrained", "--backbone", "pfld-1x", "--set", "size=100"], "must be a multiple of 16"),
        (["--untrained", "--backbone", "pfld-1x", "--to", "android"], "leave --to android out"),
    ],
)
def test_options_that_contradict_each_other_are_wrong_usage(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*words) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("backbone", "sizes", "fault"),
    [
        ("no-such", (), "no backbone is called 'no-such'"),
        ("mdp-fast", ("points=1",), "points: Input should be"),
    ],
)
def test_a_net_that_cannot_be_built_is_refused_in_plain_words(
    backbone: str, sizes: tuple[str, ...], fault: str
) -> None:
    with pytest.raises(UserError) as refused:
        untrained_config(backbone, sizes)
    assert str(refused.value).startswith(f"the untrained net: {fault}")

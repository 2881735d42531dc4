"""The two wheels hold what they should between them, and facekp's own finds faces with nothing beside it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

from facekp_train import __version__
from facekp_train.common.shipped import DEFAULT_NAME, shipped_names
from tests.support.places import ROOT

PACKAGES = ("facekp_train", "facekp_export", "android_bench")
LARGEST = 15_000_000


def committed(*folders: str) -> Iterable[str]:
    """Files that git tracks below these folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("needs git and a checkout: the list of files is git's")
    return filter(None, listed.stdout.split("\0"))


def built(project: Path, folder: Path) -> Path:
    """The wheel of a project of this checkout."""
    pytest.importorskip("hatchling", reason="needs the developers' packages: make setup")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=project, capture_output=True, check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path) -> Path:
    """facekp's wheel, unpacked."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(wheel.parent / "site")
    return wheel.parent / "site"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the other models, unpacked."""
    other = built(ROOT / "models", tmp_path_factory.mktemp("models"))
    with zipfile.ZipFile(other) as archive:
        archive.extractall(other.parent / "site")
    return other.parent / "site"


def test_every_file_of_the_packages_reaches_the_wheel_and_every_model_one_of_the_two(
    unpacked: Path, models: Path
) -> None:
    missing = [name for name in committed(*PACKAGES) if not (unpacked / name).is_file()]
    own = ("models/pyproject.toml", "models/README.md", "models/LICENSE", "models/facekp_models/")
    for name in committed("models"):
        inside = name.partition("/")[2]
        places = (unpacked / "facekp_train" / "_models" / inside, models / "facekp_models" / inside)
        if not name.startswith(own) and sum(place.is_file() for place in places) != 1:
            missing.append(name)
    assert missing == []


def test_nothing_else_does(unpacked: Path, models: Path) -> None:
    for folder, packages in ((unpacked, PACKAGES), (models, ("facekp_models",))):
        tops = {path.name for path in folder.iterdir()}
        assert {top for top in tops if not top.endswith(".dist-info")} == set(packages)


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < LARGEST


def test_both_say_what_weights_may_be_used_for(unpacked: Path, models: Path) -> None:
    for folder in (unpacked, models):
        (metadata,) = folder.glob("*.dist-info/METADATA")
        stated = Parser().parsestr(metadata.read_text(encoding="utf-8"))
        assert "LicenseRef-facekp-weights" in stated["License-Expression"]
        texts = [metadata.parent / "licenses" / file for file in stated.get_all("License-File") or ()]
        assert any(text.read_text().startswith("LicenseRef-facekp-weights\n") for text in texts)
        assert stated["Version"] == __version__


def run(code: str, folder: Path, *paths: Path) -> Any:
    """What a program prints as JSON that has these folders and is far from the checkout."""
    path = ":".join(map(str, paths))
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_face_is_found_with_nothing_but_the_wheel(unpacked: Path, tmp_path: Path) -> None:
    """By BlazeFace and the default model."""
    code = (
        "import json\n"
        "from facekp_export.demo import demo_photo\n"
        "from facekp_export.detector import KeypointDetector\n"
        "from facekp_train.common.shipped import default_model\n"
        "from facekp_train.images import read_image\n"
        "detector = KeypointDetector.from_export(default_model(), threads=1)\n"
        "(face,) = detector.detect(read_image(demo_photo()))\n"
        "finder = type(detector.finder).__name__\n"
        "print(json.dumps([str(default_model()), finder, len(face.keypoints)]))\n"
    )
    model, finder, points = run(code, tmp_path, unpacked)
    assert Path(model).is_relative_to(unpacked) and (finder, points) == ("BlazeFace", 68)


STATES = (
    "import json\n"
    "from facekp_export.verification.shipped_models import shipped_models\n"
    "document = shipped_models()\n"
    "print(json.dumps({m['name']: sorted({f['state'] for f in m['files']}) for m in document['models']}))\n"
)


def test_the_other_models_are_found_where_their_wheel_is(
    unpacked: Path, models: Path, tmp_path: Path
) -> None:
    here, elsewhere = ["as shipped"], ["not installed"]
    expected = {name: here if name == DEFAULT_NAME else elsewhere for name in shipped_names()}
    assert run(STATES, tmp_path, unpacked) == expected
    assert run(STATES, tmp_path, unpacked, models) == dict.fromkeys(expected, here)


def test_a_model_of_the_other_wheel_is_one_sentence_without_it(unpacked: Path, tmp_path: Path) -> None:
    code = "from facekp_export.detect import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "photo.png", "--model", "mdp-1x"],
        cwd=tmp_path, env={"PYTHONPATH": str(unpacked)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: the model mdp-1x is not installed; bring it with: pip install --find-links dist facekp-models"
    )
    assert done.stderr.count("\n") == 1

"""The wheel holds what the packages read beside their code, and nothing of tests or docs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.places import ROOT

PACKAGES = ("facekp_train", "facekp_export", "android_bench")


def committed(*folders: str) -> Iterable[str]:
    """Files that git tracks below these folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *folders], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("needs git and a checkout: the list of files is git's")
    return filter(None, listed.stdout.split("\0"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout and unpacked."""
    pytest.importorskip("hatchling", reason="needs the developers' packages: make setup")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_every_file_of_the_packages_and_every_model_reaches_the_wheel(unpacked: Path) -> None:
    packages = list(committed(*PACKAGES))
    models = [f"facekp_train/_models/{name.partition('/')[2]}" for name in committed("models")]
    assert [name for name in (*packages, *models) if not (unpacked / name).is_file()] == []


def test_nothing_else_does(unpacked: Path) -> None:
    tops = {path.name for path in unpacked.iterdir()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_a_face_is_found_with_nothing_but_the_wheel(unpacked: Path, tmp_path: Path) -> None:
    """From another folder, so that the checkout is not there to help."""
    script = (
        "from facekp_export.demo import demo_face\n"
        "from facekp_export.detector import KeypointDetector\n"
        "from facekp_train.common.shipped import default_model\n"
        "image, box = demo_face()\n"
        "(face,) = KeypointDetector.from_export(default_model(), threads=1).detect(image, [box])\n"
        "print(default_model(), len(face.keypoints))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=True,
    )
    model, points = done.stdout.split()
    assert Path(model).is_relative_to(unpacked) and points == "68"

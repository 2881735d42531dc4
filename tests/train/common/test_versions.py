"""`--version` of every program, and the sentence about two OpenCVs."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import numpy as np
import pytest

import android_bench
import facekp_export
import facekp_train
from docs.generate.commands import apps
from facekp_train.common.console import new_app, run
from facekp_train.common.programs import versions
from tests.support.places import ROOT
from tests.support.raising import code_after


@pytest.mark.parametrize("program", apps())
def test_every_program_says_what_it_rests_on(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        run(apps()[program], ["--version"])
    assert stop.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"facekp {facekp_train.__version__}"
    assert lines[1].startswith(f"Python {platform.python_version()} on ")
    assert f"numpy {np.__version__}" in lines


def test_what_is_not_installed_is_named_all_the_same() -> None:
    found = versions.versions(["facekp-of-tomorrow"])
    assert list(found) == ["facekp", "Python", "facekp-of-tomorrow"] and found["facekp-of-tomorrow"] is None


def test_one_version_everywhere() -> None:
    assert facekp_export.__version__ == android_bench.__version__ == facekp_train.__version__
    for project in ("pyproject.toml", "models/pyproject.toml"):
        assert f'\nversion = "{facekp_train.__version__}"\n' in (ROOT / project).read_text()


@pytest.mark.parametrize("package", [facekp_train, facekp_export, android_bench])
def test_types_are_for_users_too(package: object) -> None:
    assert Path(str(getattr(package, "__file__", ""))).with_name("py.typed").is_file()


def test_two_opencvs_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As pip leaves them: two wheels' records, one folder `cv2`."""
    (tmp_path / "cv2").mkdir()
    (tmp_path / "cv2" / "__init__.py").touch()
    for name in ("opencv_python-4.11.0.86", "opencv_python_headless-4.11.0.86"):
        (tmp_path / f"{name}.dist-info").mkdir()
    app = new_app("x", "y")

    app.command(no_args_is_help=False)(lambda: None)
    with pytest.raises(SystemExit):
        run(app, [])
    assert capsys.readouterr().err == ""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    with pytest.raises(SystemExit) as stop:
        run(app, [])
    said = " ".join(capsys.readouterr().err.split())
    assert stop.value.code == 0 and said.startswith("warning: opencv-python and opencv-python-headless are")
    assert "pip uninstall -y opencv-python opencv-python-headless && pip install 'opencv-python<5'" in said


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ImportError("libGL.so.1: cannot open shared object file"), "apt-get install libgl1 libglib2.0-0"),
        (ImportError("libgthread-2.0.so.0: cannot open shared object file"), "opencv-python-headless"),
    ],
    ids=str,
)
def test_opencv_without_its_libraries_is_one_sentence(
    error: ImportError, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_after(error) == 1
    assert capsys.readouterr().err.startswith("error: OpenCV cannot be loaded (lib")
    assert said in str(versions.why_no_opencv(error))
    assert versions.why_no_opencv(ImportError("libcudart.so.12: cannot open shared object file")) is None

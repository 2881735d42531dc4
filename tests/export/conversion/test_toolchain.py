"""What export runs on: its Pythons are named elsewhere, and triton is loaded before TensorFlow."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from facekp_export.cli import app
from facekp_export.conversion import toolchain
from facekp_train.common.console import run
from tests.support.places import ROOT

STUBS = {
    "triton": "",
    "tensorflow": "assert 'triton' in sys.modules, 'aborted'",
    "onnx2tf": "import tensorflow\n__version__ = '2.6.9'\ndef convert(**words): return words",
}
# The only files that may import what must come in order; they ask `load_tensorflow` first.
CONVERSION = {f"facekp_export/conversion/{name}.py" for name in ("to_tflite", "toolchain")}
_ORDERED = re.compile(r"\b(tensorflow|onnx2tf)\b")
_LOADERS = ("importorskip", "import_module")


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    """A folder with packages of these names, and their versions, in place of the true ones."""
    for name, code in STUBS.items():
        (tmp_path / f"{name}.py").write_text(f"import sys\n{code}\n")
        metadata = tmp_path / f"{name}-2.21.0.dist-info" / "METADATA"
        metadata.parent.mkdir()
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.21.0\n")
    return tmp_path


def python(stubs: Path, script: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(stubs), str(ROOT)])}
    command = [sys.executable, "-c", f"from facekp_export.conversion.toolchain import *\n{script}"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("call", ["load_tensorflow()", "keras_of('a.onnx')"])
def test_triton_comes_before_tensorflow(call: str, stubs: Path) -> None:
    done = python(stubs, f"print({call})")
    assert done.returncode == 0, done.stderr


def test_a_program_that_has_loaded_tensorflow_is_told(stubs: Path) -> None:
    script = "import types; sys.modules['tensorflow'] = types.ModuleType('tensorflow')\nload_tensorflow()"
    done = python(stubs, script)
    assert "import torch and triton first" in done.stderr.splitlines()[-1]


def test_onnx2tf_of_the_second_line_is_asked_for_tensorflow(stubs: Path) -> None:
    assert "'tflite_backend': 'tf_converter'" in python(stubs, "print(keras_of('a.onnx'))").stdout


def test_nothing_else_loads_tensorflow() -> None:
    """Not even a test: in its process others come after it, which load triton."""
    tops = ("facekp_train", "facekp_export", "android_bench", "benchmarks", "tests")
    files = [file for top in tops for file in (ROOT / top).rglob("*.py")]
    assert {file.relative_to(ROOT).as_posix() for file in files if _loads_it(file)} == CONVERSION


def _loads_it(file: Path) -> bool:
    names: list[object] = []
    text = file.read_text(encoding="utf-8")
    if not _ORDERED.search(text):
        return False
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(_LOADERS):
            names += [word.value for word in node.args if isinstance(word, ast.Constant)]
    return any(_ORDERED.match(str(name)) for name in names)


@pytest.mark.parametrize("version", [(3, 14, 0), (3, 10, 6)])
def test_a_python_without_it_is_told_which_have_it(
    version: tuple[int, int, int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(toolchain, "sys", SimpleNamespace(version_info=version))
    with pytest.raises(SystemExit) as exit_:
        run(app, ["--out", str(tmp_path / "a")])
    told = " ".join(capsys.readouterr().err.split())
    assert exit_.value.code == 1
    assert told.startswith("error: export needs Python 3.10.12 to 3.13, ") and told.count("error:") == 1

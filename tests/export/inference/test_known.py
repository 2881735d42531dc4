"""Files that are known to be sound are opened without being read first; all else is looked at."""

from __future__ import annotations

import subprocess
import sys

import pytest

from facekp_export.finders.blazeface import FULL_RANGE, SHORT_RANGE, blazeface_file
from facekp_export.inference import flatbuffer
from facekp_export.inference.flatbuffer import is_known
from facekp_export.inference.tables import Table
from facekp_train.common.shipped import default_model, shipped_models_dir


def test_every_shipped_file_is_known():
    files = [file for kind in ("onnx", "tflite") for file in shipped_models_dir().glob(f"*/*.{kind}")]
    assert files and [file for file in files if not is_known(file.read_bytes())] == []


@pytest.mark.parametrize("variant", [SHORT_RANGE, FULL_RANGE])
def test_blazefaces_files_are_known(variant):
    assert is_known(blazeface_file(variant.file).read_bytes())


def test_a_known_file_is_not_read_and_one_that_differs_is(monkeypatch):
    monkeypatch.setattr(flatbuffer, "read_model", lambda data: pytest.fail("read"))
    data = default_model().read_bytes()
    flatbuffer.refuse_damaged(data)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="damaged"):
        flatbuffer.refuse_damaged(data[: len(data) // 2])


def test_opening_the_default_model_imports_no_schema():
    program = (
        "import sys; from facekp_export.inference.runtimes import open_model;"
        "from facekp_train.common.shipped import default_model; open_model(default_model());"
        "sys.exit('ai_edge_litert.schema_py_generated' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_offsets_that_point_outside_are_refused():
    data = default_model().read_bytes()
    buffers = 4
    assert sum(1 for _ in Table.root(data).tables(buffers)) > 10
    for cut in (0, 3, 40):
        with pytest.raises(ValueError, match="outside"):
            list(Table.root(data[:cut]).tables(buffers))
    assert Table.root(data).content(99) == b""

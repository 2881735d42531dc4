"""The quickstart notebook, cell by cell: from an annotated folder to the decision table."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.support.files.doc_pages import QUICKSTART
from tests.support.places import ROOT

_LONGEST_CELL_SECONDS = 300


def test_it_is_kept_without_what_a_run_left_in_it() -> None:
    cells = json.loads(QUICKSTART.read_text(encoding="utf-8"))["cells"]
    assert cells
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []


@pytest.mark.slow
def test_it_runs_to_the_decision_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="needs facekp[dev]")
    nbformat = pytest.importorskip("nbformat", reason="needs facekp[dev]")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *sys.path]))
    monkeypatch.setenv("FACEKP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = nbformat.read(QUICKSTART, as_version=4)
    nbclient.NotebookClient(notebook, timeout=_LONGEST_CELL_SECONDS, kernel_name="python3").execute()
    (folder,) = tmp_path.glob("facekp-walk-*")
    shown = notebook.cells[-2].outputs[-1].data["text/markdown"]
    assert "the fastest within 50 % NME of the best" in shown and "| ships |" in shown
    assert "faces it errs on most" in (folder / "decision.html").read_text(encoding="utf-8")

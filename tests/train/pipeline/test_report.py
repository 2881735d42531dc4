"""The report of a run: what it shows where errors and times were measured, and where they were not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lightning_fabric", reason="needs facekp[train]")

from facekp_train.pipeline.report import NO_ERRORS, PLOT_FILE, write_report
from facekp_train.pipeline.stages import Stage


def measured(**changes: Any) -> list[tuple[Stage, dict[str, Any]]]:
    error = {"normaliser": "inter_pupil", "n": 8, "nme": 3.456, "median": 3.1, "failures": 0.5}
    figures = {
        "bytes": 2_270_000, "macs": 27_700_000, "errors": {"mtfl:/a/mtfl": error},
        "milliseconds": {"float32": 0.6},
    }  # fmt: skip
    return [(Stage("teacher", Path("t.safetensors"), {"given": "t.safetensors"}), {**figures, **changes})]


def test_a_stage_is_a_line_of_figures_and_a_point_of_the_plot(tmp_path: Path) -> None:
    text = write_report(tmp_path, "small", measured()).read_text()
    assert "| teacher | 2.27 | 27.7 | 3.46 | 3.10 | 0.5 % | 0.60 | - |" in text
    assert "mtfl:mtfl (inter_pupil, n = 8)" in text and PLOT_FILE in text and NO_ERRORS not in text
    assert (tmp_path / PLOT_FILE).is_file()


def test_without_validation_faces_the_report_says_why_there_are_no_errors(tmp_path: Path) -> None:
    text = write_report(tmp_path, "small", measured(errors={})).read_text()
    assert "| teacher | 2.27 | 27.7 | 0.60 | - |" in text
    assert NO_ERRORS in text and PLOT_FILE not in text
    assert not (tmp_path / PLOT_FILE).exists()

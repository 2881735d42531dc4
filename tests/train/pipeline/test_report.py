"""The report of a run: what it shows where errors and times were measured, and where they were not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lightning_fabric", reason="needs facekp[train]")

from facekp_train.networks.checkpoint import CheckpointHeader, LossFactors, save_checkpoint
from facekp_train.networks.keypoint_net import NetConfig, build_net
from facekp_train.pipeline.report import NO_ERRORS, PLOT_FILE, write_report
from facekp_train.pipeline.stages import Stage
from tests.support.models.quick_fits import RULE


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


def test_a_stage_says_its_factors_and_whether_its_teacher_was_heard(tmp_path: Path) -> None:
    net = build_net(NetConfig(points=5, size=64, widths=(8,) * 16, hidden=16, heatmap_width=8))
    history = {"loss_features": 0.25, "loss_features_constant": 1.25}
    factors = LossFactors(heatmap=1.5, features=0.0201234)
    checkpoint = tmp_path / "distill" / "best.safetensors"
    save_checkpoint(
        checkpoint,
        net,
        CheckpointHeader(net=net.config, crop=RULE.as_dict(), history=history, factors=factors),
    )
    stage = Stage("distill", checkpoint, {})
    text = write_report(tmp_path, "small", [(stage, figures) for _, figures in measured()]).read_text()
    assert "Factors of the losses: heatmap x 1.5, features x 0.02012\n" in text
    assert "loss3 0.250; of a student that says the same of every face 1.250\n" in text

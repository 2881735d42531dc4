"""Programs of the floors above: what they say comes back, and why they failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from facekp_train.pipeline import upper_floors
from facekp_train.pipeline.upper_floors import ProgramError, benchmark, export


def test_a_program_that_fails_is_named_with_its_last_complaint(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match=r"none\.onnx") as caught:
        benchmark("--models", tmp_path / "none.onnx")
    assert caught.value.program == "facekp-bench" and str(caught.value).startswith("error: ")


def test_a_program_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upper_floors, "_LONGEST_SECONDS", 0.01)
    with pytest.raises(ProgramError, match=r"facekp-export took over 0\.01 s"):
        export("--help")

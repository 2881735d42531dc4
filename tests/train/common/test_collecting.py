"""Garbage is looked for again once a program has started, and stays as it is elsewhere."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from facekp_train.common.process import made_to_stay, start_without_collecting, started
from tests.support.places import DEMO_PHOTO, ROOT


def test_a_program_looks_for_no_garbage_until_it_has_started():
    try:
        start_without_collecting()
        assert not gc.isenabled()
        started()
        assert gc.isenabled() and gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.enable()


def test_where_garbage_is_looked_for_nothing_changes():
    before = gc.get_freeze_count()
    started()
    assert gc.isenabled() and gc.get_freeze_count() == before


@pytest.mark.parametrize("looks", [True, False])
def test_what_is_made_to_stay_is_not_looked_through(looks: bool):
    if not looks:
        gc.disable()
    try:
        with made_to_stay():
            assert not gc.isenabled()
        assert gc.isenabled() == looks and gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.enable()


def test_a_photograph_loads_what_it_needs(tmp_path: Path):
    """Half of its time are imports; pydantic, which typer would bring, takes as long as finding faces."""
    unneeded = {"pydantic", "importlib.metadata", "email", "facekp_export.tracking", "rich.progress"}
    line = ["facekp-detect", str(DEMO_PHOTO), "--threads", "1", "--out", str(tmp_path / "points.png")]
    code = (
        f"import atexit, sys; sys.argv = {line}; from facekp_export.detect import main; "
        f"atexit.register(lambda: print(sorted({unneeded} & set(sys.modules)), file=sys.stderr)); main()"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert told.stderr.splitlines()[-1] == "[]"
    assert (tmp_path / "points.png").is_file()

"""Garbage is looked for again once a program has started, and stays as it is elsewhere."""

from __future__ import annotations

import gc
import subprocess
import sys

from facekp_train.common.process import start_without_collecting, started


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


def test_photographs_load_nothing_of_videos():
    code = (
        "import sys; from facekp_export.commands import detect_photos; "
        "print([name for name in sys.modules if name.endswith(('.tracking', '.progress', '.detect_video'))])"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"

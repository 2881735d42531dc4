"""Blocks marked `run`: the guides' own commands on the demo photo and on drawn faces, page after page."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.files.doc_pages import GUIDES, SERIES, blocks
from tests.support.places import ROOT

_LONGEST = 300.0


@pytest.mark.slow
def test_the_guides_commands_run(tmp_path: Path) -> None:
    for folder in ("models", "facekp_export"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    programs = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "FACEKP_CACHE": str(tmp_path / "cache"),
        "OMP_NUM_THREADS": "1",  # nets this small compute faster so, above all beside other tests
    }
    for page in GUIDES:
        for block in [block for block in blocks(page) if block.mark == "run"]:
            shell = ["bash", "-euo", "pipefail", "-c"] if block.language == "bash" else [sys.executable, "-c"]
            done = subprocess.run(
                [*shell, block.text], cwd=tmp_path, env=environment, capture_output=True, text=True,
                timeout=_LONGEST, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{block}: {done.stderr[-2000:]}"


def test_every_guide_of_the_series_has_a_block_to_run() -> None:
    marked = {page.stem for page in GUIDES if any(block.mark == "run" for block in blocks(page))}
    assert marked == set(SERIES)

"""Pictures that are shown in turn, as the page's module tells them from others, in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.pictures.animated import KINDS, write_animated
from tests.support.places import DEMO_PHOTO, ROOT, TESTS

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="runs the page's modules in Node")


def test_several_pictures_in_a_file_are_noticed(tmp_path: Path) -> None:
    files = [write_animated(tmp_path / f"{n}.{kind}", n) for n in (1, 2) for kind in KINDS]
    given = [TESTS / "web" / "animated.mjs", ROOT, *files, DEMO_PHOTO, Path(__file__)]
    done = subprocess.run(["node", *map(str, given)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [False] * 3 + [True] * 3 + [False] * 2

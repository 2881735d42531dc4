"""The base install asks before it takes what Linux alone has: what macOS and Windows lack is taken away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from facekp_train.common.shipped import default_model
from tests.support import house
from tests.support.extras import EXTRAS
from tests.support.places import DEMO_PHOTO, ROOT, SUPPORT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="takes from Linux what others lack")
SYSTEMS = ("darwin", "win32")


def on(system: str, *words: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run Python as if on that system."""
    paths = os.pathsep.join([str(SUPPORT / "systems"), str(ROOT)])
    environment = {**os.environ, "FACEKP_SYSTEM": system, "PYTHONPATH": paths}
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_module_of_the_base_install_is_imported(system: str) -> None:
    ours = (name for name in house.modules(ROOT) if not name.startswith("benchmarks"))
    names = [name for name in ours if not name.endswith("__main__")]
    script = (
        "import importlib, os, signal, sys\n"
        f"assert not hasattr(os, 'sched_getaffinity') and sys.platform == {system!r}\n"
        f"for extra in {EXTRAS}: sys.modules[extra] = None\n"
        f"for name in {names}:\n"
        "    try:\n"
        "        importlib.import_module(name)\n"
        "    except ImportError as error:\n"
        f"        if (error.name or '').partition('.')[0] not in {EXTRAS}: raise\n"
    )
    done = on(system, "-c", script)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("system", SYSTEMS)
def test_faces_are_found(system: str, tmp_path: Path) -> None:
    out = tmp_path / "points.png"
    done = on(system, "-m", "facekp_export.detect", DEMO_PHOTO, "--out", out, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size > 0 and len(json.loads(done.stdout)["faces"]) == 1


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_file_is_timed(system: str, tmp_path: Path) -> None:
    words = ("--models", default_model(), "--min-runs", "5", "--min-seconds", "0", "--warmup", "0", "--json")
    done = on(system, "-m", "android_bench", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (record,) = json.loads(done.stdout)["records"]
    # On a busy machine the wall's figures are left out.
    assert record["valid"] and (record["p50_ms"] or record["cpu_p50_ms"]) > 0


def test_a_lock_on_windows_leaves_the_file_where_it_was(tmp_path: Path) -> None:
    """The text after it went behind the locked byte, and nobody found the mark of an export at work."""
    script = (
        "from facekp_train.common.held.lock import try_lock\n"
        "with open('lock', 'w') as lock:\n"
        "    assert try_lock(lock)\n"
        "    lock.write('mark')\n"
        "assert open('lock').read() == 'mark'\n"
    )
    done = on("win32", "-c", script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr

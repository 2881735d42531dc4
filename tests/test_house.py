"""The rules of the house hold, and what breaks one is named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import house
from tests.support.places import ROOT

RULES: dict[str, Callable[[Path], list[str]]] = {
    "no circle of files": lambda root: house.circles(house.imports(root)),
    "no circle of rooms": lambda root: house.circles(house.rooms(root)),
    "no import upward": house.upward_imports,
    "pruning does not see training": house.forbidden_sights,
    "commands are used by nobody": house.commands_used_below,
    "rooms have a size": house.too_large,
    "a package says what lives there": house.silent_packages,
    "no test imports another": house.tests_that_import_tests,
}
LIGHT = ("facekp_train.landmarks", "facekp_train.crop", "facekp_train.samples", "facekp_export.detector")
HEAVY = ("android_bench.engines.torch_engine",)
"""What only the bench's worker loads."""


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_holds(rule: str) -> None:
    assert RULES[rule](ROOT) == []


@pytest.mark.parametrize(
    ("rule", "files", "named"),
    [
        (
            "no circle of files",
            {
                "facekp_train/a.py": "def f():\n    from facekp_train import b",
                "facekp_train/b.py": "from facekp_train.a import f",
            },
            "facekp_train.a",
        ),
        (
            "no circle of rooms",
            {
                "facekp_train/x/a.py": "from facekp_train.y import b",
                "facekp_train/y/b.py": "",
                "facekp_train/y/c.py": "from facekp_train.x.d import e",
                "facekp_train/x/d.py": "e = 1",
            },
            "facekp_train.x",
        ),
        ("no import upward", {"facekp_train/a.py": "import facekp_export.b", "facekp_export/b.py": ""}, "b"),
        ("no import upward", {"facekp_export/a.py": "C = ['-m', 'android_bench.b']"}, "android_bench.b"),
        ("no import upward", {"facekp_train/a.py": "import_module('facekp_export')"}, "facekp_export"),
        (
            "pruning does not see training",
            {
                "facekp_train/pruning/a.py": "from facekp_train.way import b",
                "facekp_train/way.py": "from facekp_train.training.c import b",
                "facekp_train/training/c.py": "b = 1",
            },
            "facekp_train.training",
        ),
        (
            "commands are used by nobody",
            {"facekp_train/a.py": "import facekp_train.commands.b", "facekp_train/commands/b.py": ""},
            "facekp_train.a",
        ),
        ("rooms have a size", {f"facekp_train/x/{i}.py": "" for i in range(17)}, "17 files"),
        ("rooms have a size", {"facekp_train/a.py": "\n" * 301}, "301 lines"),
        ("rooms have a size", {"facekp_train/cli.py": "\n" * 61}, "61 lines"),
        ("a package says what lives there", {"facekp_train/x/__init__.py": "a = 1"}, "facekp_train.x"),
        (
            "no test imports another",
            {"tests/test_a.py": "from tests.test_b import c", "tests/test_b.py": ""},
            "test_a.py",
        ),
    ],
)
def test_what_breaks_the_rule_is_named(rule: str, files: dict[str, str], named: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert any(named in line for line in RULES[rule](tmp_path))


def test_what_runs_without_training_imports_neither_torch_nor_tensorflow() -> None:
    bench = [name for name in house.modules(ROOT) if name.startswith("android_bench") and name not in HEAVY]
    names = [*LIGHT, *(name for name in bench if not name.endswith("__main__"))]
    script = (
        "import importlib, sys\n"
        f"for name in {names}: importlib.import_module(name)\n"
        "print(sorted({'torch', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"

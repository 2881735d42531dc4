"""The rules of the house hold, and what breaks one is named."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatch
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
PROGRAMS = ("facekp_train.cli", "facekp_export.cli", "facekp_export.detect", "android_bench.cli")
LIGHT = {
    "the whole bench, but the engine that only its worker loads": (
        "android_bench.*",
        {"torch", "tensorflow"},
    ),
    "the measuring side": (
        ("android_bench.host.bench", "android_bench.host.worker", "android_bench.cli"),
        {"onnxruntime"},
    ),
    "reports": (
        ("android_bench.records.documents", "android_bench.reports.*", "android_bench.phone.runner.official"),
        {"matplotlib", "scipy"},
    ),
    "detection": (
        ("facekp_export.detector", "facekp_export.tracking", "facekp_export.detection.*",
         "facekp_export.finders.*", "facekp_export.video.*"),
        {"torch", "tensorflow"},
    ),
    "reading files": (
        ("facekp_export.inference.*", "facekp_export.verification.check"),
        {"torch", "tensorflow", "onnx"},
    ),
    "faces": (
        ("facekp_train.landmarks", "facekp_train.crop", "facekp_train.samples", "facekp_train.boxes",
         "facekp_train.datasets.*", "facekp_train.evaluation.metrics", "facekp_train.evaluation.evaluate",
         "facekp_train.evaluation.report"),
        {"torch", "tensorflow"},
    ),
    "help": (
        PROGRAMS,
        {"torch", "tensorflow", "cv2", "numpy", "onnxruntime", "rich.progress", "android_bench.records",
         "pydantic", "importlib.metadata"},
    ),
}  # fmt: skip
"""What is loaded without heavy libraries: modules, `*` for all below, and what they must not load."""
HEAVY = "android_bench.engines.torch_engine"


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


@pytest.mark.parametrize("part", LIGHT)
def test_what_is_light_loads_nothing_heavy(part: str) -> None:
    patterns, heavy = LIGHT[part]
    patterns = (patterns,) if isinstance(patterns, str) else patterns
    known = (name for name in house.modules(ROOT) if name != HEAVY and not name.endswith("__main__"))
    names = [name for name in known if any(fnmatch(name, pattern) for pattern in patterns)]
    assert names
    script = (
        "import importlib, sys\n"
        f"for name in {names}: importlib.import_module(name)\n"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"

"""The types in the comments of the page's modules, as TypeScript's checker reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from facekp_export.publishing.web import engine_parts
from facekp_export.web import FOLDER
from facekp_train.common.console import UserError
from facekp_train.common.downloads.archives import read_members
from facekp_train.common.downloads.cache import kept
from tests.support.npm import TYPESCRIPT, unpacked
from tests.support.places import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="runs TypeScript in Node"),
]

# Workers have names of their own in place of the page's.
KINDS = {"page": ("es2022,dom,dom.iterable", "main.js"), "worker": ("es2022,webworker", "offline.js")}
OPTIONS = (
    "--noEmit", "--allowJs", "--checkJs", "--strict", "--noUnusedLocals", "--noUnusedParameters",
    "--skipLibCheck", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler",
)  # fmt: skip


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's modules and the engine's declarations."""
    folder = tmp_path_factory.mktemp("types") / "web"
    shutil.copytree(ROOT / "facekp_export" / "web", folder, ignore=shutil.ignore_patterns("*.py", "*.json"))
    (core, *_) = engine_parts()
    try:
        archive = kept(core, FOLDER, "--from")
    except UserError as error:
        pytest.skip(f"needs the engine: {error}")
    declarations = read_members(archive, ["package/dist/index.d.ts"])
    (folder / "litert").mkdir()
    (folder / "litert" / "index.d.ts").write_bytes(*declarations.values())
    return folder


def test_types_hold(modules: Path, tmp_path: Path) -> None:
    checker = unpacked(TYPESCRIPT, tmp_path / "typescript") / "lib" / "tsc.js"
    for libraries, entry in KINDS.values():
        words = ["node", str(checker), *OPTIONS, "--lib", libraries, str(modules / entry)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")
    # Every module is seen.
    imported = {name for path in modules.glob("*.js") for name in imports_of(path)}
    assert {path.name for path in modules.glob("*.js")} <= imported | {"main.js", "offline.js"}


def imports_of(path: Path) -> set[str]:
    return {part.split("'")[0] for part in path.read_text(encoding="utf-8").split("'./")[1:]}

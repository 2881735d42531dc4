"""Tools of npm's registry that tests use, each by its hash, kept where the toolkit keeps its own archives."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from facekp_train.common.console import UserError
from facekp_train.common.downloads.cache import kept
from facekp_train.common.downloads.parts import Part

AXE = Part(
    registry="npm", package="axe-core", version="4.14.1", file="axe-core-4.14.1.tgz", bytes=708405,
    sha256="e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745", members=(),
)  # fmt: skip
"""Rules of accessibility, to be run within a page (MPL-2.0)."""
AXE_FINDINGS = """
axe.run(document).then(({ violations }) => violations.map(({ id, help, nodes }) => [id, help, nodes[0].html]))
"""
"""What to evaluate in a page that has them."""
TYPESCRIPT = Part(
    registry="npm", package="typescript", version="5.9.3", file="typescript-5.9.3.tgz", bytes=4377468,
    sha256="10e108c9cf7d5f2879053dff18515fb405abf2ccef63eaaf017d9c571687a1d3", members=(),
)  # fmt: skip
"""The checker of the types in the page's comments (Apache-2.0)."""


def unpacked(part: Part, target: Path) -> Path:
    """The files of an archive, unpacked into a new folder. Skips the test where it cannot be had."""
    try:
        archive = kept(part, "tests", "npm pack")
    except UserError as error:
        pytest.skip(f"needs {part.origin}: {error}")
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter="data")
    return target / "package"

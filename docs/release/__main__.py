"""`python -m docs.release` (make release): wheels and sdists of both projects, checked and described."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docs.release.bill import write_bill, write_sums
from docs.release.build import ROOT, build_all, uncommitted
from docs.release.install import Clean
from facekp_train.common.console import UserError, say

DIST = ROOT / "dist"
LARGEST_WHEEL, LARGEST_INSTALL = 15, 400
"""Megabytes of facekp's wheel, and of an environment that holds it and what it needs."""


def main(tools: Path, uv: Path) -> None:
    """Build, check, describe.

    Args:
        tools: folder with the programs twine, check-wheel-contents and cyclonedx-py.
        uv: the program uv.
    """
    if changed := uncommitted():
        raise UserError(f"a release is built from a commit; commit or remove first: {', '.join(changed[:5])}")
    base, models = build_all(DIST)
    for path in sorted(DIST.iterdir()):
        say(f"built {path.name}: {path.stat().st_size / 1e6:.1f} MB")
    if base.stat().st_size > LARGEST_WHEEL * 1e6:
        raise UserError(f"{base.name} is larger than {LARGEST_WHEEL} MB; leave something to facekp-models")
    _run(tools / "twine", "check", "--strict", *sorted(DIST.iterdir()))
    _run(tools / "check-wheel-contents", base, models)
    clean = Clean(ROOT / "build" / "release-install", uv)
    clean.install(base)
    size = clean.megabytes()
    clean.finds_the_face()
    say(f"installed with all that it needs: {size:.0f} MB; the default model finds the face")
    if size > LARGEST_INSTALL:
        raise UserError(f"the base install takes more than {LARGEST_INSTALL} MB; see what grew")
    write_bill(DIST / f"{base.name.partition('-py3')[0]}.cdx.json", clean.python, tools)
    clean.install(models)
    clean.finds_the_face("mdp-1x")
    clean.models_are_whole()
    say("facekp-models beside it: every model as it shipped")
    write_sums(DIST)
    say(f"wheels, sdists, bill of materials and SHA256SUMS are in {DIST.relative_to(ROOT)}/")


def _run(*command: Path | str) -> None:
    if subprocess.run([str(word) for word in command], check=False, cwd=ROOT).returncode:
        raise UserError(f"{Path(command[0]).name} is not content; its lines above say with what")


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:]))
    except UserError as error:
        say(f"error: {error}")
        sys.exit(1)

"""`python -m android_bench.app`: what `make apk` and `make aar` run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from android_bench.app.aar import REPOSITORY, build_aar
from android_bench.app.build import build_apk, checkout
from android_bench.app.parts import Parts
from facekp_train.common.console import UserError, say


def main() -> int:
    """Build the APK or the AAR and say what to do with it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m android_bench.app", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("apk", "aar"), default="apk", help="What to build")
    parser.add_argument("--out", type=Path, default=Path("build"), help="Folder for it")
    parser.add_argument("--from", dest="source", type=Path, help="Folder with the archives of parts.json")
    options = parser.parse_args()
    build = build_apk if options.what == "apk" else build_aar
    try:
        made = build(checkout(), Parts(options.source), options.out)
    except UserError as error:
        say(f"error: {error}")
        return 1
    if options.what == "apk":
        then = f"install it with: adb install -r {made}"
    else:
        then = f"{made.parent / REPOSITORY} is a Maven repository with it (docs/guides/app.md)"
    say(f"{made} ({made.stat().st_size / 1e6:.1f} MB); {then}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

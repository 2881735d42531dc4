"""`python -m android_bench.app`: what `make apk` runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from android_bench.app.build import build_apk, checkout
from android_bench.app.parts import Parts
from facekp_train.common.console import UserError, say


def main() -> int:
    """Build the APK and say how to install it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m android_bench.app", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build"), help="Folder for the APK")
    parser.add_argument("--from", dest="source", type=Path, help="Folder with the archives of parts.json")
    options = parser.parse_args()
    try:
        apk = build_apk(checkout(), Parts(options.source), options.out)
    except UserError as error:
        say(f"error: {error}")
        return 1
    say(f"{apk} ({apk.stat().st_size / 1e6:.1f} MB); install it with: adb install -r {apk}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

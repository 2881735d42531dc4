"""A rig for hand use: `python -m tests.rig --profile kirin-960 adb shell`; without a command, a shell.

The command runs with an environment in which `adb` sees the rig's phones and no others. The rig goes
when the command ends.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from tests.rig.errors import RigError
from tests.rig.profiles import PROFILES
from tests.rig.rig import Rig, obstacle


def main() -> int:
    """Run the command beside a rig; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.rig", description=__doc__)
    parser.add_argument("--profile", choices=PROFILES, action="append", help="a phone; again for one more")
    parser.add_argument("--data-mb", type=int, default=512, help="storage of each phone")
    parser.add_argument("--opencl", action="store_true", help="the phones have a GPU: pocl, on the CPU")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if reason := obstacle():
        print(f"error: {reason}", file=sys.stderr)
        return 1
    first, *more = options.profile or ["snapdragon-855"]
    try:
        with Rig(first, options.data_mb, options.opencl) as rig:
            serials = [rig.serial, *map(rig.second_device, more)]
            print(f"adb sees {', '.join(serials)}", file=sys.stderr)
            command = options.command or [os.environ.get("SHELL", "/bin/sh")]
            return subprocess.run(command, env=rig.environment, check=False).returncode
    except RigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

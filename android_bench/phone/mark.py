"""Who measures on a phone, said on the phone: another account, container or computer sees none of our locks.

A run that is killed cannot take its mark back. So a mark holds for a while by the phone's clock, and is
renewed before each turn.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shlex
from collections.abc import Iterator

from android_bench.phone.adb.adb import AdbError
from android_bench.phone.adb.shell import Phone
from android_bench.phone.lock import lock_folder
from android_bench.phone.runner.install import ROOT
from facekp_train.common.console import UserError

_MARK = f"{ROOT}/measured-by"
_HELD = 3
"""Exit code of the script where the phone is another's."""
_LONGEST = 86_400
"""Seconds. A mark that holds for more was made by a clock that has been set since."""


@contextlib.contextmanager
def marked(phone: Phone, seconds: float) -> Iterator[None]:
    """Mark the phone as ours while the block lasts; see `renew`."""
    renew(phone, seconds)
    try:
        yield
    finally:
        with contextlib.suppress(AdbError):
            phone.shell(f"rm -f {_MARK}; rmdir {ROOT} 2>/dev/null", timeout=10, tidying=True)


def renew(phone: Phone, seconds: float) -> None:
    """Hold the phone for so many seconds from now. Raises UserError where another does."""
    owner = shlex.quote(_owner())
    # A phone so full that it takes no mark is refused later, with what it needs.
    result = phone.shell(f"""mkdir -p {ROOT} 2>/dev/null
now=$(date +%s)
[ -f {_MARK} ] && read -r end owner < {_MARK}
left=$((${{end:-0}} - now))
[ $left -gt 0 ] && [ $left -le {_LONGEST} ] && [ "$owner" != {owner} ] && echo "$left $owner" && exit {_HELD}
echo $((now + {seconds:.0f})) {owner} > {_MARK}""")
    if result.code == _HELD:
        left, who, *_ = (*result.stdout.split(), "some", "somebody")
        raise UserError(
            f"phone {phone.serial} is being measured by {who}, another account or computer; wait for it, or "
            f"choose another phone with --serial (a killed run releases it in {left} s)"
        )


def _owner() -> str:
    """Whoever shares our locks: the folder they lie in tells containers of one name apart."""
    folder = lock_folder().stat()
    user = os.environ.get("USER") or os.environ.get("USERNAME") or "somebody"
    return f"{user}@{platform.node()}".replace(" ", "-") + f" {folder.st_dev:x}.{folder.st_ino:x}"

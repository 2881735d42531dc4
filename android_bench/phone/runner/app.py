"""The sample app as a runner: an instrumentation inside it measures, in the process of a foreground app."""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from android_bench.phone.adb.adb import AdbError, StoppedError, TimeLimitError
from android_bench.phone.adb.shell import Phone, Result
from android_bench.phone.runner.install import ROOT, disk_full, hash_there, install, remove
from android_bench.phone.runner.run import RunError
from facekp_train.common.console import UserError
from facekp_train.common.files import sha256_of

PACKAGE = "org.facekp.sample"
APK = Path("build/facekp-sample.apk")
"""Where `make apk` puts it."""
_COMPONENT = f"{PACKAGE}/.RunnerInstrumentation"
_UPLOAD = f"{ROOT}/app"
_ANSWER = "answer.json"
_FINE = -1
"""Android's RESULT_OK. 0, its RESULT_CANCELED, is what a process leaves that dies."""
_INSTALL_SECONDS = 180.0
"""A slow phone verifies and compiles 30 MB."""
_START_SECONDS = 60.0
_REFUSALS = {
    "UPDATE_INCOMPATIBLE": "another signer's build of the app is there; remove it with: adb uninstall "
    + PACKAGE,
    "VERSION_DOWNGRADE": "a newer build of the app is there; remove it with: adb uninstall " + PACKAGE,
    "OLDER_SDK": "its Android is older than 7, which the app needs; use --runner auto",
    "NO_MATCHING_ABIS": "the app was not built for its processor; use --runner auto",
    "USER_RESTRICTED": "it forbids installing from a computer; allow 'Install via USB' in its developer "
    "options, and confirm on its screen",
    "VERIFICATION_FAILURE": "its check of new apps refused the app; switch off 'Verify apps over USB' in its "
    "developer options",
    "ABORTED": "the installation was declined on its screen; confirm it there",
}
"""By what `pm install` says: https://developer.android.com/reference/android/content/pm/PackageManager."""


def install_app(phone: Phone, apk: Path) -> tuple[str, str]:
    """Bring the app to the phone and have it make its folder; that folder, and the APK's SHA-256 there.

    Raises UserError where there is no APK or the phone refuses it, and as `install`.
    """
    if not apk.is_file():
        raise UserError(f"{apk} is not there; build it with: make apk, or name another with --apk")
    wanted = sha256_of(apk)
    if _installed(phone, apk) != wanted:
        _install(phone, apk)
        if _installed(phone, apk) != wanted:
            raise UserError(f"phone {phone.serial} installed another app than it was given; restart it")
    told = _ending(_instrument(phone, ["-e", "prepare", "1"], _START_SECONDS))[1].get("folder", "")
    folder = PurePosixPath(told)
    # All that lies in it is deleted afterwards: it must be nobody else's.
    if not folder.is_absolute() or PACKAGE not in folder.parts or ".." in folder.parts:
        raise UserError(f"phone {phone.serial}: the app tells no folder of its own; restart the phone")
    return str(folder), wanted


def run_app(phone: Phone, folder: str, words: Sequence[str], timeout: float) -> Result:
    """Have the app measure; what a runner in a process of its own would have left.

    folder: the app's. words: options and values in turn, as `facekp_runner` takes them. timeout: seconds.
    Raises RunError for an app that ended otherwise than by its own will, and as `Phone.shell`.
    """
    phone.ask(f"rm -f {shlex.quote(f'{folder}/{_ANSWER}')}")
    pairs = zip(words[::2], words[1::2], strict=True)
    extras = [word for name, value in pairs for word in ("-e", name.removeprefix("--"), value)]
    code, values = _ending(_instrument(phone, extras, timeout))
    log = _log(phone, values.get("pid", ""))
    if code == _FINE:
        return Result(0, phone.shell(f"cat {shlex.quote(f'{folder}/{_ANSWER}')}").stdout, log)
    return Result(code or 1, "", f"{log}\nerror: {values.get('error', 'the app gave no reason')}")


def remove_app(phone: Phone, folder: str, uninstall: bool) -> None:
    """Remove the app's files, and with `uninstall` the app, as well as it can be done."""
    script = f"am force-stop {PACKAGE}; rm -rf -- {shlex.quote(folder)}/*"
    with contextlib.suppress(AdbError):
        phone.shell(f"{script}; pm uninstall {PACKAGE}" if uninstall else script, timeout=30, tidying=True)


def _installed(phone: Phone, apk: Path) -> str:
    """The SHA-256 of the app's APK on the phone, "" where there is none."""
    said = phone.shell(f"pm path {PACKAGE}").stdout
    path = re.search(r"^package:(/.+)$", said, re.MULTILINE)
    return hash_there(phone, path[1], apk.stat().st_size) if path else ""


def _install(phone: Phone, apk: Path) -> None:
    try:
        install(phone, _UPLOAD, {apk.name: apk})
        result = phone.shell(f"pm install -r {shlex.quote(f'{_UPLOAD}/{apk.name}')} 2>&1", _INSTALL_SECONDS)
    finally:
        remove(phone, _UPLOAD)
    if "Success" in result.stdout:
        return
    if "INSUFFICIENT_STORAGE" in result.stdout:
        raise disk_full(phone, 2 * apk.stat().st_size)
    failure = re.search(r"INSTALL_(?:FAILED|PARSE_FAILED)_(\w+)", result.stdout)
    line = (result.stdout.strip().splitlines() or ["no reason given"])[-1][:200]
    why = next((why for name, why in _REFUSALS.items() if failure and failure[1].startswith(name)), None)
    raise UserError(f"phone {phone.serial} does not install the app: {why or line}")


def _instrument(phone: Phone, extras: Sequence[str], timeout: float) -> str:
    command = shlex.join(["am", "instrument", "-w", "-r", *extras, _COMPONENT])
    try:
        return phone.shell(f"{command} 2>&1", timeout).stdout
    except TimeLimitError:
        _stop(phone)
        raise RunError(
            f"no answer of the app within {timeout:g} s, so it was stopped; allow more with --timeout"
        ) from None
    except StoppedError:
        _stop(phone)
        raise


def _stop(phone: Phone) -> None:
    with contextlib.suppress(AdbError):
        phone.shell(f"am force-stop {PACKAGE}", timeout=15, tidying=True)


def _ending(said: str) -> tuple[int, dict[str, str]]:
    """The result code and values of an instrumentation that came to its own end. Raises RunError else."""
    if "INSTRUMENTATION_FAILED" in said or "Unable to find instrumentation info" in said:
        raise RunError(
            f"the app on the phone has no runner; remove it with adb uninstall {PACKAGE}, and run again"
        )
    values = dict(re.findall(r"^INSTRUMENTATION_RESULT: (\w+)=(.*)$", said, re.MULTILINE))
    if short := values.get("shortMsg"):
        why = values.get("longMsg") or short
        raise RunError(
            f"the app crashed on the phone or was killed ({why[:200].strip()}); try another delegate, or "
            "close other apps"
        )
    code = re.search(r"^INSTRUMENTATION_CODE: (-?\d{1,9})$", said, re.MULTILINE)
    if code is None:
        last = (said.strip().splitlines() or ["nothing was said"])[-1]
        raise RunError(f"the app gave no result ({last[:200]}); run it again")
    return int(code[1]), values


def _log(phone: Phone, process: str) -> str:
    """What the engine logged in the app's process."""
    return phone.shell(f"logcat -d -v raw --pid={process}").stdout if process.isdecimal() else ""

"""The rig as tests hold it: devices that come up, are broken in chosen ways, and go without a trace."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.rig import root
from tests.rig.device_files import write_files
from tests.rig.errors import NoRigHereError, RigError
from tests.rig.profiles import PROFILES, Profile
from tests.rig.state import State

_PORT = 6666
"""adbd's port of the first device. Not one of 5555 to 5585, where every adb server looks for emulators."""
_NEEDED = {
    "adb": "adb",
    "apt-get": "apt",
    "dpkg-deb": "dpkg",
    "mount": "mount",
    "unshare": "util-linux",
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    "qemu-aarch64-static": "qemu-user-static",
}
# Namespaces of the rig's own; whoever lives in them dies with the process that made them.
_UNSHARE = (
    "unshare", "--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--kill-child",
    "--mount-proc",
)  # fmt: skip


def obstacle() -> str | None:
    """Why no rig can stand here, with the remedy; None when nothing is seen to be in the way."""
    if sys.platform != "linux":
        return "the rig needs Linux's namespaces"
    missing = [package for command, package in _NEEDED.items() if not shutil.which(command)]
    if missing:
        return f"the rig needs Debian packages: apt-get install {' '.join(missing)}"
    done = subprocess.run([*_UNSHARE, "true"], check=False, capture_output=True, text=True, timeout=20)
    return f"this kernel gives no namespaces: {done.stderr.strip()}" if done.returncode else None


class Rig:
    """One or more emulated phones behind an adb server of their own; leave the `with` block to end all.

    `data_mb` is the storage of each in MiB; with `opencl` they have a GPU, played by the processor. Tests
    reach them with the host's adb and `environment`. Raises NoRigHereError where there can be no rig.
    """

    def __init__(self, profile: str = "snapdragon-855", data_mb: int = 512, opencl: bool = False) -> None:
        self._devices: list[Profile] = []
        self._data_mb = data_mb
        self._kernels = root.kernels() if opencl else None
        self._base, self._shim = root.device_root(opencl), root.shim()
        # Short, since the path of a socket may have 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="facekp-rig-"))
        self._process = self._unshare()
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self._enter()
            (self.folder / "home").mkdir()
            self._ask("serve")
            self.serial = self._add(profile)
        except BaseException:
            self.down()
            raise

    def _unshare(self) -> subprocess.Popen[str]:
        inside = Path(__file__).with_name("inside.py")
        return subprocess.Popen(
            [*_UNSHARE, sys.executable, str(inside), str(self.folder), str(self._base)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.folder / "inside.log").open("wb"),
            text=True,
            start_new_session=True,
            env={**os.environ, "HOME": str(self.folder / "home"), "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def _enter(self) -> None:
        """Wait until process 1 of the namespaces is ready to be asked."""
        try:
            self._take(30)
        except RigError as error:
            raise NoRigHereError(f"this kernel does not let a rig stand: {error}") from None

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the host's adb speaks to the rig's server."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("ADB_", "ANDROID_"))}
        own = {
            "HOME": str(self.folder / "home"),
            "ADB_SERVER_SOCKET": f"localfilesystem:{self.folder}/adb.sock",
        }
        return inherited | own

    def adb(self, *arguments: str, timeout: float = 30) -> subprocess.CompletedProcess[str]:
        """Run the host's adb, for at most `timeout` seconds."""
        return subprocess.run(
            ["adb", *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=self.environment,
        )

    def shell(self, script: str, serial: str | None = None, timeout: float = 60) -> str:
        """What a script for the device's shell prints. Raises RigError when it fails."""
        done = self.adb("-s", serial or self.serial, "shell", script, timeout=timeout)
        if done.returncode:
            raise RigError(f"exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def second_device(self, profile: str = "kirin-980") -> str:
        """Bring one more device up, with files and storage of its own; its serial."""
        return self._add(profile)

    def push_root(self, path: str, content: bytes, mode: int = 0o644, serial: str | None = None) -> None:
        """Put a file where adb could not: /sys, /system, /vendor, or over /proc/cpuinfo and /proc/meminfo."""
        target = self._file(path, serial)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():  # a name of toybox
            target.unlink()
        # In place: the files of /proc are mounted one by one.
        target.write_bytes(content)
        target.chmod(mode)

    def read_root(self, path: str, serial: str | None = None) -> bytes:
        """A file of the device's own /sys, /system, /vendor, /proc."""
        return self._file(path, serial).read_bytes()

    def set_state(self, state: State, serial: str | None = None) -> None:
        """Make the device's services and sensors tell of this state."""
        sdk = self._devices[self._number(serial)].sdk
        for path, text in state.files(sdk).items():
            self.push_root(f"/{path}", text.encode(), serial=serial)

    def remove_root(self, path: str, serial: str | None = None) -> None:
        """Take a file or folder of /sys, /system or /vendor away."""
        target = self._file(path, serial)
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    def kill_adbd(self, serial: str | None = None) -> None:
        """SIGKILL the device's daemon: the device is lost."""
        self._ask("signal", device=self._number(serial), number=int(signal.SIGKILL))

    def stop_adbd(self, serial: str | None = None) -> None:
        """SIGSTOP the device's daemon: listed as `device`, it answers nothing."""
        self._ask("signal", device=self._number(serial), number=int(signal.SIGSTOP))

    def continue_adbd(self, serial: str | None = None) -> None:
        """SIGCONT the device's daemon."""
        self._ask("signal", device=self._number(serial), number=int(signal.SIGCONT))

    def restart_adbd(self, serial: str | None = None) -> None:
        """A fresh daemon in place of the old one, and a server that knows it."""
        self.kill_adbd(serial)
        number = self._number(serial)
        self.adb("disconnect", f"127.0.0.1:{_PORT + number}")
        self._start(number)

    def fill_disk(self, serial: str | None = None) -> int:
        """Fill the device's storage to the last byte; how many bytes that took."""
        return self._ask("fill", device=self._number(serial))

    def free_disk(self, serial: str | None = None) -> None:
        """Undo `fill_disk`."""
        self._ask("free", device=self._number(serial))

    def down(self) -> None:
        """End everything. Process 1 of the namespaces goes, and with it the kernel takes all else."""
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()  # --kill-child: process 1 goes with it
            self._process.wait(5)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _add(self, name: str) -> str:
        if name not in PROFILES:
            raise RigError(f"no profile {name}; there are {', '.join(PROFILES)}")
        number = len(self._devices)
        self._devices.append(PROFILES[name])
        files = self.folder / f"{number}/files"
        write_files(files, PROFILES[name], self._base, self._shim)
        with (files / "system/build.prop").open("a") as properties:
            properties.write(f"ro.serialno=RIG{number}\n")
        if self._kernels:
            shutil.copy(self._shim / root.OPENCL, files / "vendor/lib64")
            (files / "vendor/bin").mkdir()
            (files / "vendor/bin/ld").symlink_to("/usr/bin/aarch64-linux-gnu-ld")  # its compiler looks for it
        kernels = str(self._kernels) if self._kernels else None
        self._ask("mount", device=number, data_mb=self._data_mb, kernels=kernels)
        return self._start(number)

    def _start(self, number: int) -> str:
        port = _PORT + number
        self._ask("start", device=number, port=port, cpu=self._devices[number].qemu_cpu)
        serial, deadline, said = f"127.0.0.1:{port}", time.monotonic() + 60, ""
        while time.monotonic() < deadline:
            said = self.adb("connect", serial).stdout
            if "connected to" in said and self.adb("-s", serial, "get-state").stdout.strip() == "device":
                return serial
            time.sleep(0.05)
        log = (self.folder / f"{number}/adbd.log").read_text(errors="replace")
        raise RigError(f"the device does not answer: {said.strip()}; its daemon says: {log[-500:]}")

    def _number(self, serial: str | None) -> int:
        return int((serial or self.serial).rsplit(":", 1)[1]) - _PORT

    def _file(self, path: str, serial: str | None) -> Path:
        if not path.startswith(("/sys/", "/system/", "/vendor/", "/proc/")) or ".." in path:
            raise RigError(f"{path} lies outside of what a rig's device has of its own")
        return self.folder / str(self._number(serial)) / "files" / path[1:]

    def _ask(self, do: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # a dead rig is noticed by its silence
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
        return self._take(60)

    def _take(self, timeout: float) -> Any:
        try:
            line = self._answers.get(timeout=timeout)
        except queue.Empty:
            raise RigError(f"the rig gives no answer within {timeout:g} s") from None
        if not line:
            log = (self.folder / "inside.log").read_text(errors="replace")
            raise RigError(f"the rig has ended: {log.strip()[-500:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise RigError(answer["error"])
        return answer["result"]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def __enter__(self) -> Rig:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

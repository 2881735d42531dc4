"""Process 1 of the rig's namespaces: makes the devices' mounts, starts daemons, does what the host asks.

Requests come as lines of JSON on stdin, an answer to each goes to stdout. When stdin ends, because the
rig goes down or because whoever held it was killed, this process clears up and ends; with it the kernel
ends everything else in its process namespace and lets go of its mounts and its network.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

_NODES = ("null", "zero", "full", "random", "urandom", "tty")
_KERNELS = "data/kernels"
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_MAGIC = (
    rb"\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00",
    rb"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff",
)


class Inside:
    """The rig seen from inside; `run` is the rig's own folder, `root` what its devices have for `/`."""

    def __init__(self, run: Path, root: Path) -> None:
        self.run, self.root = run, root
        self.daemons: dict[int, subprocess.Popen[bytes]] = {}
        _call("mount", "--make-rprivate", "/")
        _register_arm64()
        _raise_loopback()

    def serve(self) -> None:
        """Start the rig's adb server; it listens on a path, which every network namespace can reach."""
        log = (self.run / "server.log").open("ab")
        command = ["adb", "-L", f"localfilesystem:{self.run}/adb.sock", "nodaemon", "server"]
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=True)

    def mount(self, device: int, data_mb: int, kernels: str | None) -> None:
        """Put the root of a device together: the shared root, its own files over it, its own storage.

        `kernels` is the folder where OpenCL keeps what it has compiled.
        """
        root, files = self._root(device), self.run / f"{device}/files"
        root.mkdir()
        _call("mount", "--bind", str(self.root), str(root))
        _call("mount", "-t", "proc", "proc", str(root / "proc"))
        for path in sorted((files / "proc").iterdir()):
            _call("mount", "--bind", str(path), str(root / "proc" / path.name))
        for name in ("sys", "system", "vendor"):
            _call("mount", "--bind", str(files / name), str(root / name))
        self._mount_dev(root / "dev")
        _call("mount", "-t", "tmpfs", "-o", "mode=1777,size=16m", "tmp", str(root / "tmp"))
        _call("mount", "-t", "tmpfs", "-o", f"mode=771,size={data_mb}m", "data", str(root / "data"))
        (root / "data/local/tmp").mkdir(parents=True)
        (root / "data/media").mkdir()
        if kernels:
            (root / _KERNELS).mkdir()
            _call("mount", "--bind", kernels, str(root / _KERNELS))
        _call("mount", "-o", "remount,bind,ro", str(root))

    def _mount_dev(self, dev: Path) -> None:
        _call("mount", "-t", "tmpfs", "-o", "mode=755,size=64m", "dev", str(dev))
        for name in _NODES:
            (dev / name).touch()
            _call("mount", "--bind", f"/dev/{name}", str(dev / name))
        (dev / "shm").mkdir()
        (dev / "pts").mkdir()
        _call("mount", "-t", "devpts", "-o", "newinstance,ptmxmode=666,mode=620", "devpts", str(dev / "pts"))
        (dev / "ptmx").symlink_to("pts/ptmx")

    def start(self, device: int, port: int, cpu: str) -> None:
        """Start the device's adbd, listening on TCP port `port`; `cpu` is qemu's name of the cores."""
        root = self._root(device)
        environment = {
            "PATH": "/system/bin:/vendor/bin",
            "HOME": "/",
            "ANDROID_DATA": "/data",
            "ANDROID_ROOT": "/system",
            "TMPDIR": "/data/local/tmp",
            "POCL_CACHE_DIR": f"/{_KERNELS}",
            "QEMU_CPU": cpu,
            "ADBD_PORT": str(port),
            "LD_PRELOAD": "/system/lib64/no_vsock.so",
        }
        log = (self.run / f"{device}/adbd.log").open("ab")
        self.daemons[device] = subprocess.Popen(
            ["/usr/lib/android-sdk/platform-tools/adbd"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: _enter(root),  # noqa: PLW1509 - this process has one thread
        )

    def signal(self, device: int, number: int) -> None:
        """Send the device's adbd a signal."""
        daemon = self.daemons[device]
        daemon.send_signal(number)
        if number == signal.SIGKILL:
            daemon.wait(10)

    def fill(self, device: int) -> int:
        """Fill the device's storage up to its last byte; the bytes that it took."""
        path = self._root(device) / "data/.filled"
        block, taken = bytes(1 << 20), 0
        with path.open("ab", buffering=0) as stream:
            while block:
                with contextlib.suppress(OSError):
                    taken += stream.write(block)
                    continue
                block = block[: len(block) // 2]
        return taken

    def free(self, device: int) -> None:
        """Take away what `fill` wrote."""
        (self._root(device) / "data/.filled").unlink(missing_ok=True)

    def leave(self) -> None:
        """End every other process, let go of the devices' mounts, and take the rig's folder away."""
        os.kill(-1, signal.SIGKILL)
        for root in self.run.glob("*/root"):
            _call("umount", "--recursive", "--lazy", str(root))
            if root.is_mount():
                return  # nothing is deleted through a mount
        shutil.rmtree(self.run, ignore_errors=True)

    def _root(self, device: int) -> Path:
        return self.run / f"{device}/root"


def _enter(root: Path) -> None:
    """Make `root` this process' `/`, and let its crashes leave no core files."""
    os.chroot(root)
    os.chdir("/")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _register_arm64() -> None:
    """Let the kernel run arm64 programs by qemu, in this user namespace alone (from Linux 6.7 on).

    Older kernels have one register for the whole machine: there the host's own entry is used.
    """
    mounted = subprocess.run(
        ["mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT)],
        check=False,
        capture_output=True,
        timeout=10,
    )
    if any(_BINFMT.glob("qemu-aarch64*")):
        return
    if mounted.returncode:
        raise RuntimeError("the kernel is older than 6.7 and no qemu-aarch64 is registered with binfmt_misc")
    qemu = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    # F: opened now, so that it is found from any root. P: argv[0] is kept, which toybox goes by.
    entry = b":qemu-aarch64:M::" + b":".join(_MAGIC) + f":{qemu}:OPF".encode()
    (_BINFMT / "register").write_bytes(entry)


def _raise_loopback() -> None:
    """Bring up the network namespace's only interface."""
    request, up = 0x8914, struct.pack("16sh", b"lo", 1)  # SIOCSIFFLAGS, IFF_UP: netdevice(7)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, request, up + bytes(22))


def _call(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


def _reap(inside: Inside) -> None:
    """Orphans of the devices end up as children of process 1, which must take leave of them."""
    daemons = {daemon.pid: daemon for daemon in inside.daemons.values()}
    with contextlib.suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid in daemons:
                daemons[ended.si_pid].poll()
            else:
                os.waitpid(ended.si_pid, 0)


def _answer(inside: Inside, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": getattr(inside, request.pop("do"))(**request)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main(run: str, root: str) -> None:
    """Answer requests until stdin ends."""
    try:
        inside = Inside(Path(run), Path(root))
    except Exception as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return
    print(json.dumps({"result": None}), flush=True)
    while True:
        # Half a second, so that what was killed on a device is not listed there as a zombie for long.
        if not select.select([sys.stdin], [], [], 0.5)[0]:
            _reap(inside)
            continue
        line = sys.stdin.readline()
        if not line:
            break
        print(json.dumps(_answer(inside, json.loads(line))), flush=True)
    inside.leave()


if __name__ == "__main__":
    main(*sys.argv[1:])

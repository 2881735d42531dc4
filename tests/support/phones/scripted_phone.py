"""A phone for tests without a device: a program that behaves as adb does, as scripted.

Its shell runs scripts on this computer with Android's folders mapped into a folder of the test. What
the true client and daemon do is tested on the rig; here it is what we make of what they say.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from android_bench.phone.bundles.bundle import Bundle
from android_bench.phone.runner.install import ROOT
from facekp_train.common.files import sha256_of

ADB = r"""#!PYTHON
import json, os, re, shutil, subprocess, sys, time
HOME = os.path.dirname(os.path.abspath(__file__))
script = json.load(open(HOME + "/script.json"))
words = sys.argv[1:]
with open(HOME + "/calls.txt", "a") as calls:
    calls.write(json.dumps(words) + "\n")
serial = None
if words[:1] == ["-s"]:
    serial, words = words[1], words[2:]
verb = words[0]
root = HOME + "/root"
if os.path.isdir(f"{root}-{serial}"):
    root += "-" + serial
said = script.get(verb)
if said and said.get("if", "") in " ".join(words):
    time.sleep(said.get("sleep", 0))
    sys.stdout.write(said.get("stdout", "")); sys.stderr.write(said.get("stderr", ""))
    if said.get("flood"):
        while True:
            sys.stdout.write("x" * 65536)
    if "code" in said:
        sys.exit(said["code"])
if verb == "version":
    print("Android Debug Bridge version 1.0.41\nVersion 29.0.6-debian\nInstalled as " + __file__)
elif verb == "devices":
    print("List of devices attached")
    for name, state in script["phones"].items():
        print(name + "\t" + state)
elif verb == "shell":
    text = words[-1]
    for name in script.get("without", []):
        text = text.replace(name, "no-" + name)
    text = re.sub(r"(?<!\w)/(data/|sys/|system/|proc/cpuinfo|proc/meminfo)", root + r"/\1", text)
    path = HOME + "/bin:" + os.environ["PATH"]
    done = subprocess.run(["sh", "-c", text], env={**os.environ, "PATH": path}, capture_output=True)
    out = done.stdout
    if script.get("cut") and script["cut"] in words[-1]:
        out = out[: len(out) // 2]
    sys.stdout.buffer.write(out); sys.stderr.buffer.write(done.stderr)
    sys.exit(0 if script.get("cut") else done.returncode)
elif verb == "push":
    target = root + words[2]
    shutil.copyfile(words[1], target)
    if script.get("damage"):
        open(target, "ab").write(b"!")
    print(words[1] + ": 1 file pushed.")
""".replace("PYTHON", sys.executable)

PROPERTIES = {
    "ro.product.model": "Test phone", "ro.soc.model": "SM8150", "ro.build.version.release": "13",
    "ro.build.version.sdk": "33", "ro.product.cpu.abilist": "arm64-v8a,armeabi-v7a", "ro.boot.qemu": "1",
}  # fmt: skip
BATTERY = """Current Battery Service state:
  AC powered: false
  USB powered: true
  level: 80
  temperature: 285
"""


RUNNER = r'''#!PYTHON
"""c = a + 1, and whatever the test puts into behave.py."""
import array, json, os, sys, time
words = sys.argv[1:]
options = dict(zip(words[::2], words[1::2]))
a = array.array("f", open(options["--input"], "rb").read())
answer = {
    "runner": 1, "engine": "tflite", "engine_version": "2.16.1", "delegate": options["--delegate"],
    "threads": int(options["--threads"]), "cpus": [], "pinned": True if "--cpus" in options else None,
    "load_ms": 3.0, "first_ms": 2.0, "warmup_runs": int(options["--warmup"]),
    "samples_ns": [1000000 + 1000 * n for n in range(int(options["--min-runs"]))],
    "peak_memory_kb": 20000, "base_memory_kb": 5000,
    "inputs": [{"name": "a", "shape": [1, 64], "dtype": "float32"}],
    "outputs": [{"name": "c", "shape": [1, 64], "dtype": "float32"}],
}
outputs = array.array("f", [x + 1 for x in a])
if os.path.exists("../behave.py"):
    exec(open("../behave.py").read())
open(options["--output"], "wb").write(outputs.tobytes())
print(json.dumps(answer))
'''.replace("PYTHON", sys.executable)
"""A runner of every kind. behave.py lies in the folder of ours on the phone; see `ScriptedPhone.behave`."""


class ScriptedPhone:
    """adb at `program`, its server's address in `environment`. Change `script` and call `save`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "root"
        self.program = folder / "adb"
        self.script: dict[str, object] = {"phones": {"TEST": "device"}}
        self.program.write_text(ADB)
        self.program.chmod(0o755)
        (folder / "bin").mkdir()
        self.put("/data/local/tmp/.keep", "")
        self.put("/system/bin/linker64", "")
        self.put("/proc/meminfo", "MemTotal: 5730708 kB\n")
        cores = (("0x41", "0xd05", 1_800_000),) * 4 + (("0x51", "0x804", 2_400_000),) * 4
        blocks = [
            f"processor\t: {n}\nCPU implementer\t: {implementer}\nCPU part\t: {part}\n"
            for n, (implementer, part, _) in enumerate(cores)
        ]
        self.put("/proc/cpuinfo", "\n".join(blocks))
        for name in ("present", "online"):
            self.put(f"/sys/devices/system/cpu/{name}", "0-7\n")
        for n, (*_, khz) in enumerate(cores):
            for name in ("cpuinfo_max_freq", "scaling_max_freq", "scaling_cur_freq"):
                self.put(f"/sys/devices/system/cpu/cpu{n}/cpufreq/{name}", f"{khz}\n")
            self.put(f"/sys/devices/system/cpu/cpu{n}/cpufreq/scaling_governor", "schedutil\n")
        self.properties(PROPERTIES)
        self.tool("dumpsys", f'case "$1" in battery) cat <<X\n{BATTERY}X\n;; esac')
        self.tool("getconf", "echo 4096")
        self.save()
        self._server = _Server(folder / "adb.sock")

    @property
    def environment(self) -> dict[str, str]:
        """What the client and we find the server by."""
        return {
            "ADB_SERVER_SOCKET": f"localfilesystem:{self.folder}/adb.sock",
            "PATH": f"{self.folder}{os.pathsep}{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }

    @property
    def calls(self) -> list[list[str]]:
        """The words of every call of adb so far."""
        return [json.loads(line) for line in (self.folder / "calls.txt").read_text().splitlines()]

    def save(self, **changes: object) -> None:
        """Change what adb says from now on."""
        self.script |= changes
        (self.folder / "script.json").write_text(json.dumps(self.script))

    def put(self, path: str, text: str) -> None:
        """A file of the phone."""
        target = self.root / path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def tool(self, name: str, script: str) -> None:
        """A program of the phone."""
        target = self.folder / "bin" / name
        target.write_text(f"#!/bin/sh\n{script}\n")
        target.chmod(0o755)

    def properties(self, values: dict[str, str]) -> None:
        """What getprop tells."""
        lines = "\n".join(f"[{name}]: [{value}]" for name, value in values.items())
        self.tool("getprop", f"cat <<'X'\n{lines}\nX")

    def behave(self, text: str) -> None:
        """What the runner does, in Python, before it answers."""
        self.put(f"{ROOT}/behave.py", text)

    def server_version(self, version: int) -> None:
        """The running server's version from now on."""
        self._server.version = version

    def close(self) -> None:
        """Let the server's socket go."""
        self._server.close()


def assembled(folder: Path) -> Callable[[str, Path | None], Bundle]:
    """What stands for `bundle`: bundles of `RUNNER` and an engine that is none, made in `folder`."""
    folder.mkdir()
    (folder / "runner").write_text(RUNNER)
    (folder / "lib.so").write_text("engine")
    hashes = {path.name: sha256_of(path) for path in folder.iterdir()}

    def bundle(name: str, source: Path | None) -> Bundle:
        gpu = "./gpu.so" if name == "bionic" else None
        return Bundle(
            name, folder, hashes, {}, ["./runner"], "./lib.so", gpu, 4096 if gpu else 65536, {"x": "1"}
        )

    return bundle


class _Server:
    """Answers host:version, as any adb server does."""

    def __init__(self, path: Path) -> None:
        self.version = 41
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        self._socket.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                if connection.recv(64) == b"000chost:version":
                    connection.sendall(b"OKAY0004%04x" % self.version)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

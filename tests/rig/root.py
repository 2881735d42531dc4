"""The parts of the rig that are made once and kept: the device's root and the shim.

They lie in `$FACEKP_RIG`, or `facekp/rig` in the user's cache. Every part appears whole or not at all and is
only read afterwards, so any number of rigs share it.
"""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.rig.errors import NoRigHereError, RigError
from tests.rig.packages import unpack

_SHIM = Path(__file__).parent / "shim"
_PACKAGES = ("adbd", "toybox", "mksh", "libc6")
_OPENCL_PACKAGES = ("pocl-opencl-icd", "ocl-icd-libopencl1")
_SYSTEM_LIBRARIES = (
    "libc.so",
    "libm.so",
    "libdl.so",
    "liblog.so",
    "libEGL.so",
    "libGLESv3.so",
    "libbionic.so",
)
OPENCL = "vendor/libOpenCL.so"
"""What answers for a phone's OpenCL, in the folder of the shim."""
_LIBRARIES = Path("usr/lib/aarch64-linux-gnu")


def cache() -> Path:
    """The folder of what is made once; it is made where it is missing."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("FACEKP_RIG") or base / "facekp/rig")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def device_root(opencl: bool = False) -> Path:
    """The folder that devices take for their `/`; fetched from Debian the first time.

    With `opencl` it has an OpenCL that computes on the processor, and 400 MB more. Raises NoRigHereError
    when the packages cannot be fetched.
    """
    packages = (*_PACKAGES, *_OPENCL_PACKAGES) if opencl else _PACKAGES
    recipe = f"{packages} {_SYSTEM_LIBRARIES} {inspect.getsource(_make_root)}".encode()
    name = "root-opencl" if opencl else "root"
    return _made_once(name, recipe, lambda root: _make_root(root, packages))


def shim() -> Path:
    """The folder of bionic's libraries as forwarders to glibc, compiled the first time.

    Raises NoRigHereError when the compiler is missing, RigError when it refuses.
    """
    sources = sorted(_SHIM.iterdir())
    recipe = inspect.getsource(_make_shim).encode() + b"".join(path.read_bytes() for path in sources)
    return _made_once("shim", recipe, _make_shim)


def kernels() -> Path:
    """The folder where OpenCL keeps what it has compiled, since that takes a minute under qemu."""
    folder = cache() / "kernels"
    folder.mkdir(exist_ok=True)
    return folder


def _make_root(root: Path, packages: Sequence[str]) -> None:
    """Unpack Debian's packages and lay them out as Android does: tools in /system/bin, nothing else."""
    with tempfile.TemporaryDirectory(dir=root.parent, prefix="apt-") as work:
        versions = unpack(packages, root, Path(work))
    for name in ("bin", "sbin", "lib"):
        if not (root / name).exists():
            (root / name).symlink_to(f"usr/{name}")
    for name in ("proc", "sys", "dev", "data", "system", "vendor", "tmp", "etc"):
        (root / name).mkdir(exist_ok=True)
    (root / "sdcard").symlink_to("data/media")
    _replace_link(root / "usr/bin/sh", "mksh")
    (root / "etc/passwd").write_text("root:x:0:0::/:/system/bin/sh\nshell:x:2000:2000::/:/system/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nshell:x:2000:\n")
    # The loader's own search path, so that no LD_LIBRARY_PATH is left in the shell's environment.
    for library in (root / _LIBRARIES / "android").iterdir():
        (root / _LIBRARIES / library.name).symlink_to(f"android/{library.name}")
    for name in _SYSTEM_LIBRARIES:
        _replace_link(root / _LIBRARIES / name, f"/system/lib64/{name}")
    (root / "toybox.txt").write_text(_toybox_names(root))
    (root / "versions.json").write_text(json.dumps(versions, indent=2))


def _toybox_names(root: Path) -> str:
    """Names of the commands that toybox has in it, as toybox itself prints them."""
    qemu = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    if qemu is None:
        raise NoRigHereError("qemu-aarch64-static is missing; apt-get install qemu-user-static")
    command = [qemu, "-L", str(root), str(root / "usr/bin/toybox")]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def _make_shim(folder: Path) -> None:
    """Compile what refuses virtual sockets, and libraries of bionic's names that lead to glibc."""
    hidden = ("-fvisibility=hidden", "-Wl,-Bsymbolic", f"-Wl,--version-script={_SHIM / 'bionic.map'}")
    _compile(folder / "no_vsock.so", "no_vsock.c")
    _compile(folder / "libbionic.so", "bionic.c", "-fno-builtin")
    _compile(folder / "liblog.so", "log.c")
    for name in ("libEGL", "libGLESv3"):
        _compile(folder / f"{name}.so", "absent.S", f'-DNAMES="{name}_names.s"')
    for name, glibc, data in (
        ("libc", "libc.so.6", "-DWITH_DATA"),
        ("libm", "libm.so.6", ""),
        ("libdl", "libc.so.6", ""),
    ):
        defines = (f'-DNAMES="{name}_names.s"', f'-DGLIBC="{glibc}"', *filter(None, [data]))
        _compile(
            folder / f"{name}.so", "forward.S", "forward.c", *defines, *hidden, str(folder / "libbionic.so")
        )

    # Its name is all that is needed of Debian's OpenCL to link against it.
    debians = folder / "vendor/libOpenCL.so.1"
    debians.parent.mkdir()
    _compile(debians, "-x", "c", "/dev/null")
    _compile(folder / OPENCL, "opencl.c", "-Wl,--no-as-needed", str(debians))


def _compile(target: Path, *arguments: str) -> None:
    """Compile files of the shim into a shared library for arm64."""
    compiler = "aarch64-linux-gnu-gcc"
    if not shutil.which(compiler):
        raise NoRigHereError(
            f"{compiler} is missing; apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
        )
    flags = (
        "-shared",
        "-fPIC",
        "-O1",
        "-Wall",
        "-Wextra",
        "-fno-stack-protector",
        f"-Wl,-soname,{target.name}",
    )
    done = subprocess.run(
        [compiler, *flags, "-o", str(target), *arguments],
        cwd=_SHIM,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode or done.stderr:
        raise RigError(f"{compiler} refuses {arguments[0]}: {done.stderr.strip()}")


def _replace_link(path: Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _made_once(name: str, recipe: bytes, make: Callable[[Path], None]) -> Path:
    """The cached folder `name` of this recipe; `make` fills it the first time."""
    folder = cache() / f"{name}-{hashlib.sha256(recipe).hexdigest()[:16]}"
    if folder.is_dir():
        return folder
    with _one_at_a_time(cache() / f"{name}.lock"):
        if folder.is_dir():
            return folder
        aside = Path(tempfile.mkdtemp(dir=cache(), prefix=f"new-{name}-"))
        try:
            aside.chmod(0o755)
            make(aside)
            aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return folder


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    """Other processes that come here wait until the block has ended."""
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield

"""Writes the files that make a device of the rig the phone of a profile."""

from __future__ import annotations

from pathlib import Path

from tests.rig.profiles import Profile
from tests.rig.state import State

_STAND_INS = Path(__file__).parent / "stand_ins"


def write_files(folder: Path, profile: Profile, root: Path, shim: Path) -> None:
    """Fill `folder` with the device's own proc, sys, system and vendor."""
    for path, text in _all_files(profile).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (folder / "vendor/lib64").mkdir(parents=True)
    _tools(folder / "system/bin", root)
    libraries = folder / "system/lib64"
    libraries.mkdir(parents=True)
    for library in shim.glob("*.so"):
        (libraries / library.name).write_bytes(library.read_bytes())


def _all_files(profile: Profile) -> dict[str, str]:
    properties = "".join(f"{name}={value}\n" for name, value in profile.properties().items())
    own = {"system/build.prop": properties, "system/etc/rig/cmd.log": ""}
    return _proc(profile) | _sys(profile) | State().files(profile.sdk) | own


def _tools(folder: Path, root: Path) -> None:
    """/system/bin as on a phone: mksh, toybox under all its names, the loader, and the stand-ins."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sh").symlink_to("/usr/bin/mksh")
    (folder / "linker64").symlink_to("/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1")
    for name in ("toybox", *(root / "toybox.txt").read_text().split()):
        (folder / name).symlink_to("/usr/bin/toybox")
    for script in _STAND_INS.iterdir():
        target = folder / script.name
        target.unlink(missing_ok=True)
        target.write_bytes(script.read_bytes())
        target.chmod(0o755)


def _proc(profile: Profile) -> dict[str, str]:
    lines, core = [], 0
    for cluster in profile.clusters:
        for _ in range(cluster.cores):
            lines += [
                f"processor\t: {core}",
                f"BogoMIPS\t: {profile.bogomips}",
                f"Features\t: {profile.features}",
                f"CPU implementer\t: {cluster.implementer:#x}",
                "CPU architecture: 8",
                f"CPU variant\t: {cluster.variant:#x}",
                f"CPU part\t: {cluster.part:#x}",
                f"CPU revision\t: {cluster.revision}",
                "",
            ]
            core += 1
    if profile.hardware:
        lines.append(f"Hardware\t: {profile.hardware}")
    free = profile.memory_kb // 2
    memory = (
        f"MemTotal:{profile.memory_kb:>16} kB",
        f"MemFree:{free // 4:>17} kB",
        f"MemAvailable:{free:>12} kB",
    )
    return {"proc/cpuinfo": "\n".join(lines) + "\n", "proc/meminfo": "\n".join(memory) + "\n"}


def _sys(profile: Profile) -> dict[str, str]:
    files: dict[str, str] = {}
    cpu, first = "sys/devices/system/cpu", 0
    for package, cluster in enumerate(profile.clusters):
        cores = range(first, first + cluster.cores)
        for core in cores:
            files |= {
                f"{cpu}/cpu{core}/{name}": f"{value}\n"
                for name, value in {
                    "cpufreq/affected_cpus": " ".join(map(str, cores)),
                    "cpufreq/related_cpus": " ".join(map(str, cores)),
                    "cpufreq/cpuinfo_min_freq": cluster.min_khz,
                    "cpufreq/cpuinfo_max_freq": cluster.max_khz,
                    "cpufreq/scaling_min_freq": cluster.min_khz,
                    "cpufreq/scaling_max_freq": cluster.max_khz,
                    "cpufreq/scaling_cur_freq": cluster.max_khz,
                    "cpufreq/scaling_governor": profile.governor,
                    "topology/core_id": core,
                    "topology/physical_package_id": package,
                    "topology/core_siblings_list": f"{cores[0]}-{cores[-1]}" if len(cores) > 1 else cores[0],
                    "topology/core_siblings": f"{sum(1 << other for other in cores):02x}",
                    "topology/thread_siblings": f"{1 << core:02x}",
                    "topology/thread_siblings_list": core,
                    "online": 1,
                }.items()
            }
        first += cluster.cores
    files |= {f"{cpu}/{name}": f"0-{first - 1}\n" for name in ("possible", "present", "online")}
    return files

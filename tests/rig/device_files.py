"""Writes the files that make a device of the rig the phone of a profile."""

from __future__ import annotations

from pathlib import Path

from tests.rig.profiles import Profile

_STAND_INS = Path(__file__).parent / "stand_ins"


def write_files(folder: Path, profile: Profile, root: Path, shim: Path) -> None:
    """Fill `folder` with the device's own proc, sys, system and vendor."""
    for path, text in (_proc(profile) | _sys(profile) | _system(profile)).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (folder / "vendor/lib64").mkdir(parents=True)
    _tools(folder / "system/bin", root)
    libraries = folder / "system/lib64"
    libraries.mkdir(parents=True)
    for library in shim.glob("*.so"):
        (libraries / library.name).write_bytes(library.read_bytes())


def _tools(folder: Path, root: Path) -> None:
    """/system/bin as on a phone: mksh, toybox under all its names, the loader, and the stand-ins."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sh").symlink_to("/usr/bin/mksh")
    (folder / "linker64").symlink_to("/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1")
    for name in (root / "toybox.txt").read_text().split():
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
    for cluster in profile.clusters:
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
                    "cpufreq/scaling_governor": "schedutil",
                    "topology/core_id": core,
                    "topology/physical_package_id": 0,
                    "topology/core_siblings_list": f"{cores[0]}-{cores[-1]}" if len(cores) > 1 else cores[0],
                    "online": 1,
                }.items()
            }
        first += cluster.cores
    files |= {f"{cpu}/{name}": f"0-{first - 1}\n" for name in ("possible", "present", "online")}
    zones = {"cpu-0-0-usr": 31_000, "gpuss-0-usr": 30_500, "battery": 28_500, "xo-therm": 29_800}
    for number, (kind, temperature) in enumerate(zones.items()):
        zone = f"sys/class/thermal/thermal_zone{number}"
        files |= {f"{zone}/type": f"{kind}\n", f"{zone}/temp": f"{temperature}\n"}
    return files


def _system(profile: Profile) -> dict[str, str]:
    values = profile.properties
    device, release = values["ro.product.device"], values["ro.build.version.release"]
    common = {
        "ro.product.brand": "rig",
        "ro.product.name": device,
        "ro.product.cpu.abi": "arm64-v8a",
        "ro.product.cpu.abilist": "arm64-v8a,armeabi-v7a,armeabi",
        "ro.build.fingerprint": f"rig/{device}/{device}:{release}/RIG.1/1:user/test-keys",
        "ro.build.type": "user",
        # What every emulator sets: nothing measured here is a phone's time.
        "ro.boot.qemu": "1",
    }
    properties = "".join(f"{name}={value}\n" for name, value in (values | common).items())
    return {"system/build.prop": properties}

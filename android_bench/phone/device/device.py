"""What a phone is: its fingerprint and what decides which runner it can take."""

from __future__ import annotations

import re
from dataclasses import dataclass

from android_bench.phone.adb.shell import Phone
from android_bench.phone.device.chips import chip_of
from android_bench.phone.device.clusters import clusters_of, core_list, parts_of
from android_bench.records.phone import Fingerprint
from android_bench.records.record import Machine
from facekp_train.common.console import UserError

FOLDER = "/data/local/tmp"
"""Where the shell's user may write and start programs."""
OLDEST_API = 24
_LONGEST = 300
"""Characters of a name that a phone tells; none is longer, and it stands in sentences and tables."""
_CPU = "/sys/devices/system/cpu"
_COMMANDS = {
    "properties": "getprop",
    "cpuinfo": "cat /proc/cpuinfo",
    "memory": "grep MemTotal /proc/meminfo",
    "page": "getconf PAGESIZE || grep -m 1 KernelPageSize /proc/self/smaps",
    "max_khz": f'grep -H "" {_CPU}/cpu[0-9]*/cpufreq/cpuinfo_max_freq',
    "capacity": f'grep -H "" {_CPU}/cpu[0-9]*/cpu_capacity',
    "present": f"cat {_CPU}/present",
    "online": f"cat {_CPU}/online",
    "kernel": "uname -r",
    "boot": "cat /proc/sys/kernel/random/boot_id",
    "linker": "ls /system/bin/linker64",
    "space": f"df -k {FOLDER}",
}


@dataclass(frozen=True)
class Device:
    """A phone as it was found. free_bytes: space in `FOLDER`. identity: its own, however it is reached.

    Either is None where it cannot be read.
    """

    fingerprint: Fingerprint
    emulated: bool
    has_linker: bool
    free_bytes: int | None
    identity: str | None

    @property
    def title(self) -> str:
        """Its name for a line of text, as "Rig 855 (Snapdragon 855, Android 13)"."""
        f = self.fingerprint
        known = [f.chip, f.android and f"Android {f.android}", "emulated" if self.emulated else None]
        return f"{f.model or 'unknown model'} ({', '.join(filter(None, known))})"


def describe(phone: Phone) -> Device:
    """Look at a phone. Raises as `Phone.shell` does."""
    answers = phone.look_up(_COMMANDS)
    pairs = re.findall(rf"^\[(.+?)\]: \[(.{{0,{_LONGEST}}})\]\r?$", answers["properties"], re.MULTILINE)
    properties = dict(pairs)
    # Cores that are asleep too: a phone may wake its fastest for work alone.
    cores = core_list(answers["present"]) or core_list(answers["online"])
    clusters = clusters_of(
        numbers_of_cores(answers["max_khz"], "cpuinfo_max_freq"),
        numbers_of_cores(answers["capacity"], "cpu_capacity"),
        parts_of(answers["cpuinfo"]),
        cores,
    )
    memory = re.search(r"MemTotal:\s*(\d{1,12}) kB", answers["memory"])
    api, abis = properties.get("ro.build.version.sdk", ""), properties.get("ro.product.cpu.abilist", "")
    fingerprint = Fingerprint(
        manufacturer=properties.get("ro.product.manufacturer"),
        model=properties.get("ro.product.model"),
        device=properties.get("ro.product.device"),
        chip=chip_of(properties, max((cluster.max_khz or 0 for cluster in clusters), default=0)),
        soc_model=properties.get("ro.soc.model"),
        platform=properties.get("ro.board.platform"),
        android=properties.get("ro.build.version.release"),
        api=int(api) if re.fullmatch(r"\d{1,4}", api) else None,
        build=properties.get("ro.build.fingerprint"),
        kernel=answers["kernel"] if 0 < len(answers["kernel"]) <= _LONGEST else None,
        abis=[abi for abi in (abis or properties.get("ro.product.cpu.abi", "")).split(",") if abi],
        page_bytes=_page_bytes(answers["page"]),
        memory_mb=round(int(memory[1]) * 1024 / 1e6, 1) if memory else None,
        cores=len(cores) or None,
        clusters=clusters,
    )
    emulated = "1" in (properties.get("ro.boot.qemu"), properties.get("ro.kernel.qemu"))
    # Some makers give all phones one number; what the kernel drew at its start tells those apart.
    number = properties.get("ro.serialno") or properties.get("ro.boot.serialno")
    identity = f"{number} {answers['boot']}" if number else None
    return Device(fingerprint, emulated, bool(answers["linker"]), free_bytes(answers["space"]), identity)


def expect_usable(device: Device, serial: str) -> None:
    """Raises UserError for a phone that none of our programs can run on."""
    f = device.fingerprint
    # A phone of another processor lists arm64-v8a behind its own where it translates: no time of ARM's.
    native = next((abi for abi in f.abis if "64" in abi), None)
    if f.abis and native != "arm64-v8a":
        raise UserError(
            f"phone {serial} runs {', '.join(f.abis)} and the runners need arm64-v8a as its own 64-bit "
            "ABI; use a 64-bit ARM phone"
        )
    if f.api is not None and f.api < OLDEST_API:
        raise UserError(
            f"phone {serial} has Android {f.android} (API {f.api}); the runners need API {OLDEST_API}"
        )


def machine_of(device: Device, governor: str | None, load: float | None) -> Machine:
    """The phone as the machine of a record."""
    f = device.fingerprint
    return Machine(
        cpu=f.chip or f.model or "unknown",
        cores=f.cores or sum(len(cluster.cpus) for cluster in f.clusters) or 1,
        cpu_quota=None,
        governor=governor,
        load=load,
        memory_mb=f.memory_mb,
        virtual=True if device.emulated else None,
        os=f"Android {f.android or 'of unknown version'} arm64",
        python=None,
    )


def numbers_of_cores(text: str, name: str) -> dict[int, int]:
    """Lines ".../cpu4/cpufreq/NAME:2419200", or without the folder cpufreq -> {4: 2419200}."""
    numbers = re.findall(rf"/cpu(\d{{1,4}})/(?:cpufreq/)?{name}:(\d{{1,9}})$", text, re.MULTILINE)
    return {int(cpu): int(value) for cpu, value in numbers}


def _page_bytes(text: str) -> int | None:
    if re.fullmatch(r"\d{1,9}", text):
        return int(text)
    kilobytes = re.search(r"KernelPageSize:\s*(\d{1,6}) kB", text)
    return int(kilobytes[1]) * 1024 if kilobytes else None


def free_bytes(df: str) -> int | None:
    """Space by `df -k` of one folder; None where its output is not understood."""
    # "Filesystem 1K-blocks Used Available Use% Mounted": a long name may have a line of its own.
    words = df.split()
    return int(words[-3]) * 1024 if len(words) > 6 and re.fullmatch(r"\d{1,15}", words[-3]) else None

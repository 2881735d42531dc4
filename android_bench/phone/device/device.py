"""What a phone is: its fingerprint and what decides which runner it can take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from android_bench.phone.adb.shell import Phone
from android_bench.phone.device.clusters import clusters_of, core_list, parts_of
from android_bench.records.phone import Fingerprint
from android_bench.records.record import Machine
from facekp_train.common.console import UserError

FOLDER = "/data/local/tmp"
"""Where the shell's user may write and start programs."""
OLDEST_API = 24
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
_CHIPS = {
    "sm8150": "Snapdragon 855", "msmnile": "Snapdragon 855", "sdm845": "Snapdragon 845",
    "sm8250": "Snapdragon 865", "kona": "Snapdragon 865", "sm8350": "Snapdragon 888",
    "lahaina": "Snapdragon 888", "sm8450": "Snapdragon 8 Gen 1", "taro": "Snapdragon 8 Gen 1",
    "sm8550": "Snapdragon 8 Gen 2", "kalama": "Snapdragon 8 Gen 2", "sm8650": "Snapdragon 8 Gen 3",
    "pineapple": "Snapdragon 8 Gen 3", "msm8998": "Snapdragon 835", "hi3660": "Kirin 960",
    "kirin960": "Kirin 960", "hi3670": "Kirin 970", "kirin970": "Kirin 970", "hi3680": "Kirin 980",
    "kirin980": "Kirin 980", "kirin990": "Kirin 990",
}  # fmt: skip


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
    properties = dict(re.findall(r"^\[(.+?)\]: \[(.*)\]\r?$", answers["properties"], re.MULTILINE))
    cores = core_list(answers["present"])
    online = core_list(answers["online"]) or cores
    clusters = clusters_of(
        numbers_of_cores(answers["max_khz"], "cpuinfo_max_freq"),
        numbers_of_cores(answers["capacity"], "cpu_capacity"),
        parts_of(answers["cpuinfo"]),
        online,
    )
    memory = re.search(r"MemTotal:\s*(\d+) kB", answers["memory"])
    api, abis = properties.get("ro.build.version.sdk", ""), properties.get("ro.product.cpu.abilist", "")
    fingerprint = Fingerprint(
        manufacturer=properties.get("ro.product.manufacturer"),
        model=properties.get("ro.product.model"),
        device=properties.get("ro.product.device"),
        chip=_chip(properties),
        soc_model=properties.get("ro.soc.model"),
        platform=properties.get("ro.board.platform"),
        android=properties.get("ro.build.version.release"),
        api=int(api) if api.isdecimal() else None,
        build=properties.get("ro.build.fingerprint"),
        kernel=answers["kernel"] or None,
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
    numbers = re.findall(rf"/cpu(\d+)/(?:cpufreq/)?{name}:(\d{{1,9}})$", text, re.MULTILINE)
    return {int(cpu): int(value) for cpu, value in numbers}


def _chip(properties: Mapping[str, str]) -> str | None:
    """The chip's usual name; else what the phone calls it."""
    known = ("ro.soc.model", "ro.board.platform", "ro.hardware")
    names = [properties[name] for name in known if properties.get(name)]
    return next((_CHIPS[name.lower()] for name in names if name.lower() in _CHIPS), next(iter(names), None))


def _page_bytes(text: str) -> int | None:
    if text.isdecimal():
        return int(text)
    kilobytes = re.search(r"KernelPageSize:\s*(\d+) kB", text)
    return int(kilobytes[1]) * 1024 if kilobytes else None


def free_bytes(df: str) -> int | None:
    """Space by `df -k` of one folder; None where its output is not understood."""
    # "Filesystem 1K-blocks Used Available Use% Mounted": a long name may have a line of its own.
    words = df.split()
    return int(words[-3]) * 1024 if len(words) > 6 and words[-3].isdecimal() else None

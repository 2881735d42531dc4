"""A phone's cores: which are alike, which are the fastest, on which to stay."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from android_bench.records.phone import CoreCluster

_NAMES = {
    "0x41/0xd03": "Cortex-A53", "0x41/0xd05": "Cortex-A55", "0x41/0xd09": "Cortex-A73",
    "0x41/0xd0a": "Cortex-A75", "0x41/0xd0b": "Cortex-A76", "0x41/0xd0d": "Cortex-A77",
    "0x41/0xd41": "Cortex-A78", "0x41/0xd44": "Cortex-X1", "0x41/0xd46": "Cortex-A510",
    "0x41/0xd47": "Cortex-A710", "0x41/0xd48": "Cortex-X2", "0x41/0xd4d": "Cortex-A715",
    "0x41/0xd4e": "Cortex-X3", "0x41/0xd80": "Cortex-A520", "0x41/0xd81": "Cortex-A720",
    "0x41/0xd82": "Cortex-X4", "0x48/0xd40": "Cortex-A76 (HiSilicon)", "0x51/0x802": "Kryo 385 Gold",
    "0x51/0x803": "Kryo 385 Silver", "0x51/0x804": "Kryo 485 Gold", "0x51/0x805": "Kryo 485 Silver",
}  # fmt: skip
"""Implementer and part id, as in /proc/cpuinfo (the kernel's arch/arm64/include/asm/cputype.h)."""


_MOST_CORES = 1024
"""No kernel for ARM is built for more."""
_MOST_NAMED = 16


def clusters_of(
    max_khz: Mapping[int, int], capacity: Mapping[int, int], parts: Mapping[int, str], cores: Sequence[int]
) -> list[CoreCluster]:
    """Cores that are alike, the fastest first. What is not known of a core is missing from its mapping.

    capacity: the kernel's measure of work per time. Where big and little cores have one highest frequency
    it tells them apart; without it the higher numbers are taken for the big ones, as makers count.
    """
    speeds = {cpu: (max_khz.get(cpu, 0), capacity.get(cpu, 0)) for cpu in cores}
    groups: dict[tuple[int, int, str], list[int]] = {}
    for cpu in sorted(cores):
        # A core that is asleep tells no part: it is as those of its frequency are, if these are alike.
        alike = {parts[other] for other in parts if speeds.get(other) == speeds[cpu] and speeds[cpu][0]}
        kind = *speeds[cpu], parts.get(cpu) or (alike.pop() if len(alike) == 1 else "")
        groups.setdefault(kind, []).append(cpu)
    fastest_first = sorted(groups.items(), key=lambda item: (*item[0][:2], item[1][-1]), reverse=True)
    return [
        CoreCluster(cpus=cpus, max_khz=khz or None, part=part or None, core=_NAMES.get(part))
        for (khz, _, part), cpus in fastest_first
    ]


def fastest_cores(clusters: Sequence[CoreCluster], threads: int) -> list[int] | None:
    """Whole clusters, the fastest first, until there are as many cores as threads.

    None where the frequencies are not known, or all cores are taken: then there is nothing to pin to.
    """
    if any(cluster.max_khz is None for cluster in clusters):
        return None
    chosen: list[int] = []
    for cluster in clusters:
        if len(chosen) >= threads:
            return sorted(chosen)
        chosen += cluster.cpus
    return None


def core_list(text: str) -> list[int]:
    """The kernel's notation, such as "0-3,6" -> [0, 1, 2, 3, 6]; empty for anything else."""
    cores: set[int] = set()
    for word in text.strip().split(","):
        match = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", word)
        if match is None or not int(match[1]) <= int(match[2] or match[1]) < _MOST_CORES:
            return []
        cores |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    return sorted(cores)


def cores_in_words(cpus: Sequence[int]) -> str:
    """Cores for a sentence, such as "4,5"; of many the first and the last."""
    if len(cpus) > _MOST_NAMED:
        return f"{min(cpus)} to {max(cpus)} ({len(cpus)} cores)"
    return ",".join(map(str, cpus))


def parts_of(cpuinfo: str) -> dict[int, str]:
    """Implementer and part of each core that /proc/cpuinfo lists, such as {0: "0x51/0x805"}.

    One block for several cores tells the part of whichever read it, so of none.
    """
    parts: dict[int, str] = {}
    for block in re.split(r"\n\s*\n", cpuinfo):
        fields = dict(re.findall(r"^([^:\n]+?)\s*:\s*(.*?)\s*$", block, re.MULTILINE))
        cores = re.findall(r"^processor\s*:\s*(\d{1,4})\s*$", block, re.MULTILINE)
        if len(cores) == 1 and "CPU part" in fields:
            implementer, part = fields.get("CPU implementer", "?"), fields["CPU part"]
            parts[int(cores[0])] = f"{implementer}/{part}".lower()
    return parts

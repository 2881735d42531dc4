"""The phones that the rig poses as: chips, core clusters, part ids, properties."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cluster:
    """Cores of one kind. Frequencies in kHz, as sysfs gives them."""

    cores: int
    implementer: int
    variant: int
    part: int
    revision: int
    min_khz: int
    max_khz: int


@dataclass(frozen=True)
class Profile:
    """What tells one phone from another; `memory_kb` is MemTotal, `qemu_cpu` the cores that qemu plays."""

    clusters: tuple[Cluster, ...]
    features: str
    hardware: str
    bogomips: str
    memory_kb: int
    qemu_cpu: str
    properties: dict[str, str]


_V82 = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp"

PROFILES = {
    "snapdragon-855": Profile(
        clusters=(
            Cluster(4, 0x51, 0xD, 0x805, 14, 300_000, 1_785_600),
            Cluster(3, 0x51, 0xD, 0x804, 14, 710_400, 2_419_200),
            Cluster(1, 0x51, 0xD, 0x804, 14, 825_600, 2_841_600),
        ),
        features=_V82 + " cpuid asimdrdm lrcpc dcpop asimddp",
        hardware="Qualcomm Technologies, Inc SM8150",
        bogomips="38.40",
        memory_kb=5_730_708,
        qemu_cpu="cortex-a76",
        properties={
            "ro.soc.manufacturer": "QTI",
            "ro.soc.model": "SM8150",
            "ro.board.platform": "msmnile",
            "ro.hardware": "qcom",
            "ro.product.manufacturer": "Rig",
            "ro.product.model": "Rig 855",
            "ro.product.device": "rig855",
            "ro.build.version.release": "13",
            "ro.build.version.sdk": "33",
        },
    ),
}

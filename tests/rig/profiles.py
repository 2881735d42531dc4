"""The phones that the rig poses as: chips, core clusters, part ids, properties.

Part ids, revisions, features and most frequencies are those of real phones' files, as kept for the
tests of pytorch/cpuinfo (test/mock: galaxy-s9-us.h, huawei-mate-9.h, huawei-mate-20.h).
"""

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
    """What tells one phone from another.

    `memory_kb` is MemTotal; `qemu_cpu` names the cores that qemu plays, with the features that engines
    choose their kernels by; `hardware` is the last line of /proc/cpuinfo, which Huawei leaves out.
    """

    name: str
    clusters: tuple[Cluster, ...]
    features: str
    bogomips: str
    memory_kb: int
    qemu_cpu: str
    governor: str
    android: int
    sdk: int
    platform: str
    chip: str
    maker: str
    hardware: str | None = None

    @property
    def device(self) -> str:
        """The phone's own name, one that no real phone has."""
        return f"rig-{self.name}"

    def properties(self) -> dict[str, str]:
        """The system properties that `getprop` gives."""
        release = str(self.android)
        values = {
            "ro.product.manufacturer": "Rig",
            "ro.product.brand": "rig",
            "ro.product.model": f"Rig {self.chip}",
            "ro.product.name": self.device,
            "ro.product.device": self.device,
            "ro.product.board": self.platform,
            "ro.board.platform": self.platform,
            "ro.hardware": self.platform if self.hardware is None else "qcom",
            "ro.product.cpu.abi": "arm64-v8a",
            "ro.product.cpu.abilist": "arm64-v8a,armeabi-v7a,armeabi",
            "ro.build.version.release": release,
            "ro.build.version.sdk": str(self.sdk),
            "ro.build.type": "user",
            "ro.build.fingerprint": f"rig/{self.device}/{self.device}:{release}/RIG.1/1:user/test-keys",
            # What every emulator sets: nothing measured here is a phone's time.
            "ro.boot.qemu": "1",
        }
        if self.sdk >= 31:  # these two came with Android 12
            values |= {"ro.soc.manufacturer": self.maker, "ro.soc.model": self.chip}
        return values


_V80 = "fp asimd evtstrm aes pmull sha1 sha2 crc32"
_V82 = f"{_V80} atomics fphp asimdhp"

_ALL = (
    Profile(
        name="snapdragon-845",
        clusters=(
            Cluster(4, 0x51, 0x7, 0x803, 12, 300_000, 1_766_400),
            Cluster(4, 0x51, 0x6, 0x802, 13, 825_600, 2_803_200),
        ),
        features=_V82,
        bogomips="38.40",
        memory_kb=3_860_136,
        qemu_cpu="cortex-a76",
        governor="schedutil",
        android=10,
        sdk=29,
        platform="sdm845",
        chip="SDM845",
        maker="Qualcomm",
        hardware="Qualcomm Technologies, Inc SDM845",
    ),
    Profile(
        name="snapdragon-855",
        clusters=(
            Cluster(4, 0x51, 0xD, 0x805, 14, 300_000, 1_785_600),
            Cluster(3, 0x51, 0xD, 0x804, 14, 710_400, 2_419_200),
            Cluster(1, 0x51, 0xD, 0x804, 14, 825_600, 2_841_600),
        ),
        features=f"{_V82} cpuid asimdrdm lrcpc dcpop asimddp",
        bogomips="38.40",
        memory_kb=5_730_708,
        qemu_cpu="cortex-a76",
        governor="schedutil",
        android=13,
        sdk=33,
        platform="msmnile",
        chip="SM8150",
        maker="QTI",
        hardware="Qualcomm Technologies, Inc SM8150",
    ),
    Profile(
        name="kirin-960",
        clusters=(
            Cluster(4, 0x41, 0x0, 0xD03, 4, 533_000, 1_844_000),
            Cluster(4, 0x41, 0x0, 0xD09, 1, 903_000, 2_362_000),
        ),
        features=_V80,
        bogomips="3.84",
        memory_kb=3_834_080,
        qemu_cpu="cortex-a72",
        governor="interactive",
        android=9,
        sdk=28,
        platform="hi3660",
        chip="Kirin 960",
        maker="HiSilicon",
    ),
    Profile(
        name="kirin-980",
        clusters=(
            Cluster(4, 0x41, 0x1, 0xD05, 0, 830_000, 1_805_000),
            Cluster(2, 0x48, 0x1, 0xD40, 0, 826_000, 1_901_000),
            Cluster(2, 0x48, 0x1, 0xD40, 0, 1_460_000, 2_600_000),
        ),
        features=_V82,
        bogomips="3.84",
        memory_kb=5_871_440,
        qemu_cpu="cortex-a76",
        governor="schedutil",
        android=10,
        sdk=29,
        platform="kirin980",
        chip="Kirin 980",
        maker="HiSilicon",
    ),
)

PROFILES = {profile.name: profile for profile in _ALL}
"""By the names that `Rig` takes."""

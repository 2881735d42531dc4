"""The processors that times can be predicted for, from socs.toml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from facekp_train.common.files import package_file, read_toml


@dataclass(frozen=True)
class Soc:
    """A phone's processor, as its makers specify it.

    Attributes:
        name: as `--soc` takes it, and the key of the paper's table 6.
        core: kind of its fastest core.
        ghz: highest frequency of that core.
        float32_macs: float32 multiply-accumulates that the core starts in a cycle.
        dot_product: whether it multiplies 8-bit integers four at a time.
        load_bytes: what it reads from its caches in a cycle.
        cache_bytes: size of the last cache that the cores share.
        memory_gbs: bandwidth of main memory, 10^9 bytes a second.
        sources: where all this stands.
    """

    name: str
    core: str
    ghz: float
    float32_macs: int
    dot_product: bool
    load_bytes: int
    cache_bytes: float
    memory_gbs: float
    sources: tuple[str, ...]


def _soc(name: str, stated: dict[str, Any], core: dict[str, Any]) -> Soc:
    return Soc(
        name, stated["core"], stated["clusters"][0][1], core["float32_macs"], core["dot_product"],
        core["load_bytes"], stated["cache_mb"] * 1e6, stated["memory_gbs"],
        (*stated["sources"], *core["sources"]),
    )  # fmt: skip


_STATED = read_toml(package_file("android_bench.predict", "socs.toml"))
SOCS = {name: _soc(name, soc, _STATED["cores"][soc["core"]]) for name, soc in _STATED["socs"].items()}
"""By name."""

"""Which chip a phone has, by what it calls it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_CHIPS = {
    "sm8150": "Snapdragon 855", "sdm845": "Snapdragon 845", "sm8250": "Snapdragon 865",
    "sm8350": "Snapdragon 888", "sm8450": "Snapdragon 8 Gen 1", "sm8475": "Snapdragon 8+ Gen 1",
    "sm8550": "Snapdragon 8 Gen 2", "sm8650": "Snapdragon 8 Gen 3", "msm8998": "Snapdragon 835",
    "hi3660": "Kirin 960", "kirin960": "Kirin 960", "hi3670": "Kirin 970", "kirin970": "Kirin 970",
    "hi3680": "Kirin 980", "kirin980": "Kirin 980", "kirin990": "Kirin 990", "kirin810": "Kirin 810",
}  # fmt: skip
"""No platform that several chips share: lahaina is 888 and 778G, taro is 8 Gen 1 and 7+ Gen 2."""
_NO_CHIP = {
    "qcom", "qualcomm", "kirin", "hisilicon", "hi", "exynos", "samsung", "slsi", "mediatek", "mtk",
    "unisoc", "spreadtrum", "sprd", "google", "tensor", "unknown", "none", "null", "n/a", "unsupported",
}  # fmt: skip
"""Makers, and words for nothing."""
_NUMBERED = re.compile(r"(kirin|hi|exynos|s5e|mt|sd?m|msm|apq|qcs|ums|sp|sc|gs|rk)\d{3}", re.IGNORECASE)
"""How makers number their chips. Names alone (baltimore, orlando, kona) and exynos5 are families'."""
_PROPERTIES = ("ro.soc.model", "ro.chipname", "ro.hardware.chipname", "ro.board.platform", "ro.hardware")


_FASTER = {
    "Snapdragon 855": {2_900_000: "Snapdragon 855+ or 860"},
    "Snapdragon 865": {3_150_000: "Snapdragon 870", 2_950_000: "Snapdragon 865+"},
    "Snapdragon 888": {2_900_000: "Snapdragon 888+"},
}
"""Chips of one number, by the kHz from which on their fastest core tells them, the highest first."""


def chip_of(properties: Mapping[str, str], fastest_khz: int = 0) -> str | None:
    """The chip's usual name; else what the phone calls it, the most exact first.

    fastest_khz: the highest that one of its cores may reach, 0 where that is not known.
    """
    name = _told(properties)
    faster = _FASTER.get(name or "", {})
    return next((chip for khz, chip in faster.items() if fastest_khz >= khz), name)


def _told(properties: Mapping[str, str]) -> str | None:
    told = [(name, properties[name].removeprefix("samsung")) for name in _PROPERTIES if properties.get(name)]
    exact = [(name, value) for name, value in told if value and value.lower() not in _NO_CHIP]
    if exact and exact[0][0] == "ro.soc.model":  # the phone's own word, whatever others share its platform
        exact = exact[:1]
    known = (_CHIPS[value.lower()] for _, value in exact if value.lower() in _CHIPS)
    numbered = (value for _, value in exact if _NUMBERED.match(value))
    return next(known, next(numbered, next((value for _, value in [*exact, *told] if value), None)))

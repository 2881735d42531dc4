"""Which chip a phone has, by what it calls it."""

from __future__ import annotations

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
    "unisoc", "spreadtrum", "sprd", "google", "tensor", "unknown", "exynos5", "orlando",
}  # fmt: skip
"""Makers, and names of whole families."""
_PROPERTIES = ("ro.soc.model", "ro.chipname", "ro.hardware.chipname", "ro.board.platform", "ro.hardware")


def chip_of(properties: Mapping[str, str]) -> str | None:
    """The chip's usual name; else what the phone calls it, the most exact first."""
    told = [(name, properties[name].removeprefix("samsung")) for name in _PROPERTIES if properties.get(name)]
    exact = [(name, value) for name, value in told if value and value.lower() not in _NO_CHIP]
    if exact and exact[0][0] == "ro.soc.model":  # the phone's own word, whatever others share its platform
        exact = exact[:1]
    known = (_CHIPS[value.lower()] for _, value in exact if value.lower() in _CHIPS)
    return next(known, next((value for _, value in [*exact, *told] if value), None))

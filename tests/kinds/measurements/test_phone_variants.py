"""Phones that print what others do and mean something else: chips of one number, batteries that are none."""

from __future__ import annotations

import pytest

from android_bench.phone.device.chips import chip_of
from android_bench.phone.device.state import read_state


@pytest.mark.parametrize(
    ("model", "khz", "chip"),
    [
        ("SM8150", 2_841_600, "Snapdragon 855"),
        ("SM8150", 2_956_800, "Snapdragon 855+ or 860"),
        ("SM8250", 2_841_600, "Snapdragon 865"),
        ("SM8250", 3_091_200, "Snapdragon 865+"),
        ("SM8250", 3_187_200, "Snapdragon 870"),
        ("SM8350", 2_995_200, "Snapdragon 888+"),
        ("SM8350", 0, "Snapdragon 888"),
        ("SM8550", 3_187_200, "Snapdragon 8 Gen 2"),
    ],
)
def test_the_clock_tells_chips_of_one_number_apart(model: str, khz: int, chip: str) -> None:
    assert chip_of({"ro.soc.model": model, "ro.board.platform": "any"}, khz) == chip


@pytest.mark.parametrize(
    ("properties", "chip"),
    [
        ({"ro.board.platform": "baltimore", "ro.hardware": "kirin9000"}, "kirin9000"),
        ({"ro.board.platform": "denver", "ro.hardware": "kirin820"}, "kirin820"),
        ({"ro.board.platform": "exynos5", "ro.hardware.chipname": "exynos7904"}, "exynos7904"),
        ({"ro.soc.model": "none", "ro.board.platform": "mt6785", "ro.hardware": "mt6785"}, "mt6785"),
        ({"ro.soc.model": "Tensor", "ro.board.platform": "gs101", "ro.hardware": "oriole"}, "gs101"),
        # Controls: a name of a device is none of a chip.
        ({"ro.board.platform": "lito", "ro.hardware": "redfin"}, "lito"),
        ({"ro.board.platform": "kona", "ro.hardware": "OP4F2F"}, "kona"),
        ({"ro.soc.model": "Tensor G2", "ro.board.platform": "gs201", "ro.hardware": "panther"}, "Tensor G2"),
        ({"ro.board.platform": "exynos5"}, "exynos5"),
    ],
    ids=str,
)
def test_a_number_is_a_chip_before_the_name_of_a_family(properties: dict[str, str], chip: str) -> None:
    assert chip_of(properties) == chip


class Told:
    """Stands for a phone of which the battery alone is looked at."""

    def __init__(self, present: str, level: str = "level: 50") -> None:
        self._battery = (
            f"  AC powered: true\n  present: {present}\n  {level}\n  voltage: 5000\n  temperature: 250\n"
        )

    def look_up(self, commands: dict[str, str], timeout: float = 0) -> dict[str, str]:
        return dict.fromkeys(commands, "") | {"battery": self._battery}


@pytest.mark.parametrize(("present", "degrees", "percent"), [("true", 25.0, 50.0), ("false", None, None)])
def test_a_battery_that_is_not_there_has_no_heat(
    present: str, degrees: float | None, percent: float | None
) -> None:
    """As boards and boxes print it."""
    state = read_state(Told(present))  # type: ignore[arg-type]
    assert (state.temperature_c, state.battery_percent, state.charging) == (degrees, percent, "ac")


@pytest.mark.parametrize(
    ("level", "percent"),
    [
        ("level: 100\n  scale: 200", 50.0),
        ("level: 50\n  scale: 100", 50.0),
        ("level: 50\n  scale: 0", None),
        ("level: 120\n  scale: 100", None),
        ("level: 50\n  scale: 100\n  technology: Li\n  level: 3", 50.0),  # a maker's line of the same name
    ],
)
def test_a_level_is_of_its_scale_and_android_s_own(level: str, percent: float | None) -> None:
    assert read_state(Told("true", level)).battery_percent == percent  # type: ignore[arg-type]

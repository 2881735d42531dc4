"""What a phone's services say of its battery, its heat and its screen, in Android's own words."""

from __future__ import annotations

from dataclasses import dataclass

DUMPSYS = "system/etc/rig/dumpsys"
"""The folder where the stand-in of dumpsys finds a file for every service."""


@dataclass(frozen=True)
class State:
    """Levels in percent, temperatures in degrees Celsius; `thermal_status` from 0 (none) to 6 (shutdown)."""

    battery_level: int = 85
    charging: bool = True
    battery_celsius: float = 28.5
    skin_celsius: float = 30.0
    cpu_celsius: float = 31.0
    thermal_status: int = 0
    screen_on: bool = True

    def files(self, sdk: int) -> dict[str, str]:
        """The files of this state, by their path, on an Android of this SDK level."""
        files = {f"{DUMPSYS}/battery": self._battery(), f"{DUMPSYS}/power": self._power()}
        if sdk >= 29:  # the service came with Android 10
            files[f"{DUMPSYS}/thermalservice"] = self._thermal()
        # Kinds of sensors as Snapdragons name them; temperatures in thousandths of a degree.
        zones = {
            "cpu-0-0-usr": self.cpu_celsius,
            "battery": self.battery_celsius,
            "skin-therm": self.skin_celsius,
        }
        for number, (kind, celsius) in enumerate(zones.items()):
            folder = f"sys/class/thermal/thermal_zone{number}"
            files |= {f"{folder}/type": f"{kind}\n", f"{folder}/temp": f"{celsius * 1000:.0f}\n"}
        return files

    def _battery(self) -> str:
        powered = str(self.charging).lower()
        return f"""\
Current Battery Service state:
  AC powered: false
  USB powered: {powered}
  Wireless powered: false
  Max charging current: 500000
  Max charging voltage: 5000000
  Charge counter: 2856000
  status: {2 if self.charging else 3}
  health: 2
  present: true
  level: {self.battery_level}
  scale: 100
  voltage: 4121
  temperature: {self.battery_celsius * 10:.0f}
  technology: Li-ion
"""

    def _power(self) -> str:
        return f"""\
POWER MANAGER (dumpsys power)

Power Manager State:
  mWakefulness={"Awake" if self.screen_on else "Asleep"}
  mIsPowered={str(self.charging).lower()}
  mStayOn=false

Display Power: state={"ON" if self.screen_on else "OFF"}
"""

    def _thermal(self) -> str:
        sensors = (
            ("CPU0", 0, self.cpu_celsius),
            ("battery", 2, self.battery_celsius),
            ("skin", 3, self.skin_celsius),
        )
        lines = "\n".join(
            f"\tTemperature{{mValue={celsius}, mType={kind}, mName={name}, mStatus={self.thermal_status}}}"
            for name, kind, celsius in sensors
        )
        return f"""\
IsStatusOverride: false
ThermalEventListeners:
	callbacks: 1
	killed: false
	broadcasts count: -1
ThermalStatusListeners:
	callbacks: 1
	killed: false
	broadcasts count: -1
Thermal Status: {self.thermal_status}
Cached temperatures:
{lines}
HAL Ready: true
HAL connection:
	ThermalHAL 2.0 connected: yes
Current temperatures from HAL:
{lines}
Current cooling devices from HAL:
	CoolingDevice{{mValue=0, mType=2, mName=cdev0}}
"""

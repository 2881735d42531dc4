"""The state of a phone at one moment: battery, temperatures, clocks, screen.

What a phone does not let the shell read is None; `blind_spots` says so in words.
Types and statuses of temperatures: hardware/interfaces/thermal/2.0/types.hal of the Android sources.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, timezone

from android_bench.phone.adb.shell import Phone
from android_bench.phone.device.clusters import core_list, cores_in_words
from android_bench.phone.device.device import numbers_of_cores
from android_bench.records.phone import CoreCluster, State

_CPU = "/sys/devices/system/cpu/cpu[0-9]*/cpufreq"
_ZONES = "/sys/class/thermal/thermal_zone[0-9]*"
_COMMANDS = {
    "battery": "dumpsys battery",
    "thermal": "dumpsys thermalservice",
    "zones": f'grep -H "" {_ZONES}/type {_ZONES}/temp',
    "clocks": f'grep -H "" {_CPU}/scaling_cur_freq {_CPU}/scaling_max_freq {_CPU}/scaling_governor',
    "power": "dumpsys power | grep mWakefulness=",
    "load": "cat /proc/loadavg",
    "present": "cat /sys/devices/system/cpu/present",
    "online": "cat /sys/devices/system/cpu/online",
}
_SKIN_ZONE = re.compile(r"skin|shell|quiet|xo.?therm|surface", re.IGNORECASE)
_KINDS = {2: "battery", 3: "skin"}
_NO_DEGREES = (6, 7, 8)
"""Volts, amperes and percent. Samsung's service (Sdhms) counts all types from 1, others from 0."""
_NO_STATUS = {
    r"HAL Ready: false": "the phone's thermal service is not ready, so its status is unknown: throttling may "
    "go unseen",
    r"IsStatusOverride: true": "the phone's thermal status was set by hand, so it is unknown: throttling may "
    "go unseen; undo it with: adb shell cmd thermalservice reset",
}
_FROZEN = (
    "what the phone says of its battery was frozen by hand, so it is unknown; undo it with: adb shell "
    "dumpsys battery reset"
)
_SCREENS = {"Awake": "awake", "Asleep": "asleep", "Dozing": "dozing", "Dreaming": "dreaming"}


def read_state(phone: Phone, cpus: Sequence[int] | None = None) -> State:
    """The phone now. cpus: whose governor counts; None: the last core's. Raises as `Phone.shell`."""
    answers = phone.look_up(_COMMANDS)
    # Android's own lines stand first; makers add theirs, some of the same name.
    battery = dict(reversed(re.findall(r"^\s*([\w ]+?): (\S+)\s*$", answers["battery"], re.MULTILINE)))
    frozen = "UPDATES STOPPED" in answers["battery"]
    if frozen:
        battery = {}
    elif battery.get("present") == "false":  # what stands there all the same is of none
        battery = {name: value for name, value in battery.items() if name.endswith("powered")}
    temperatures = _temperatures(answers, battery)
    gate = next((name for name in ("skin", "battery") if name in temperatures), None)
    gate = gate or next((name for name in temperatures if _SKIN_ZONE.search(name)), None)
    unknown = [_FROZEN] if frozen else []
    if status := re.search(r"Thermal Status: (\d{1,2})\b", answers["thermal"]):
        unknown += [text for pattern, text in _NO_STATUS.items() if re.search(pattern, answers["thermal"])]
    wakefulness = re.search(r"mWakefulness=(\w+)", answers["power"])
    load = re.match(r"\d{1,6}\.\d{1,6}", answers["load"])
    return State(
        at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        battery_percent=_percent(battery.get("level", ""), battery.get("scale", "100")),
        charging=_charging(battery),
        temperature_c=temperatures[gate] if gate else None,
        temperature_of=gate,
        temperatures_c=temperatures,
        thermal_status=int(status[1]) if status and not set(unknown) & set(_NO_STATUS.values()) else None,
        governor=_governor(answers["clocks"], cpus),
        frequencies_khz=_named(numbers_of_cores(answers["clocks"], "scaling_cur_freq")),
        limits_khz=_named(numbers_of_cores(answers["clocks"], "scaling_max_freq")),
        screen=_SCREENS.get(wakefulness[1]) if wakefulness else None,
        load=float(load[0]) if load else None,
        asleep=_asleep(answers),
        unknown=unknown,
    )


def blind_spots(state: State) -> list[str]:
    """What the phone does not tell and a reader should therefore not take for granted."""
    warnings = list(state.unknown)
    if state.temperature_c is None:
        warnings.append(
            "the phone does not report its temperature: the measurement did not wait for it to cool"
        )
    if state.thermal_status is None and not state.limits_khz:
        warnings.append(
            "the phone reports neither thermal status nor frequency limits: throttling may go unseen"
        )
    elif not state.frequencies_khz:
        warnings.append("the phone does not let its frequencies be read")
    return warnings


def caps(state: State, clusters: Sequence[CoreCluster]) -> list[str]:
    """Clusters that may not reach their highest frequency before anything has begun."""
    warnings = []
    for cluster in clusters:
        if cluster.max_khz is None and set(cluster.cpus) & set(state.asleep):
            warnings.append(
                f"cores {cores_in_words(cluster.cpus)} are asleep and tell no frequency; they may be the "
                "fastest, so the runner is pinned to none"
            )
        limit = min((state.limits_khz.get(str(cpu), math.inf) for cpu in cluster.cpus), default=math.inf)
        if cluster.max_khz and limit < cluster.max_khz:
            warnings.append(
                f"cores {cores_in_words(cluster.cpus)} may only reach {limit / 1e6:.2f} of "
                f"{cluster.max_khz / 1e6:.2f} GHz from the start: switch battery saver off and let it cool"
            )
    return warnings


def slowed(before: State, after: State, cpus: Sequence[int] | None) -> str | None:
    """How heat held the phone back between two moments, in words; None where nothing shows it.

    A low frequency at an idle moment means nothing; a lowered limit does.
    """
    if after.thermal_status and after.thermal_status > (before.thermal_status or 0):
        return f"its thermal status rose to {after.thermal_status}"
    for cpu, limit in after.limits_khz.items():
        was = before.limits_khz.get(cpu)
        if was and limit < was and (cpus is None or int(cpu) in cpus):
            return f"core {cpu} may only reach {limit / 1e6:.2f} GHz after {was / 1e6:.2f} GHz"
    return None


def _temperatures(answers: dict[str, str], battery: dict[str, str]) -> dict[str, float]:
    """All of them by name; "skin" and "battery" are the warmest of Android's own."""
    zones: dict[str, dict[str, str]] = {}
    for zone, field, value in re.findall(
        r"/(thermal_zone\d+)/(type|temp):(.{0,100})$", answers["zones"], re.MULTILINE
    ):
        zones.setdefault(zone, {})[field] = value.strip()
    read: dict[str, float | None] = {
        fields.get("type", zone): _zone_degrees(fields.get("temp", "")) for zone, fields in zones.items()
    }
    # Voltage and temperature 0 stand for no battery: an emulator, a phone on a bench supply.
    there = (battery.get("voltage"), battery.get("temperature")) != ("0", "0")
    if there and re.fullmatch(r"-?\d{1,4}", battery.get("temperature", "")):
        read["battery"] = int(battery["temperature"]) / 10
    known = {name: value for name, value in read.items() if value is not None and _believable(value)}
    # What the sensors say now, rather than what was cached at the last change.
    _, _, current = answers["thermal"].partition("Current temperatures from HAL")
    kinds: dict[int, list[float]] = {}
    first = 1 if re.search(r"Sdhms connected: yes", answers["thermal"]) else 0
    for value, number, name in re.findall(
        r"Temperature\{mValue=(-?\d{1,9}(?:\.\d+)?), mType=(-?\d{1,3}), mName=([^,}]{0,100})",
        current.partition("cooling")[0],
    ):
        kind, degrees = int(number) - first, float(value)
        if kind >= 0 and kind not in _NO_DEGREES and _believable(degrees):
            known[name] = degrees
            kinds.setdefault(kind, []).append(degrees)
    # A phone may have several of a kind: the warmest counts.
    return known | {name: max(kinds[kind]) for kind, name in _KINDS.items() if kind in kinds}


def _believable(degrees: float) -> bool:
    return -40 < degrees < 150


def _zone_degrees(text: str) -> float | None:
    """Most drivers give thousandths of a degree, some tenths, some degrees."""
    if not re.fullmatch(r"-?\d{1,7}", text):
        return None
    value = int(text)
    return value / (1000 if abs(value) >= 1000 else 10 if abs(value) >= 150 else 1)


def _percent(level: str, scale: str) -> float | None:
    """A level of a scale, which is 100 on most phones."""
    if not (re.fullmatch(r"\d{1,5}", level) and re.fullmatch(r"[1-9]\d{0,4}", scale)):
        return None
    percent = int(level) * 100 / int(scale)
    return percent if percent <= 100 else None


def _charging(battery: dict[str, str]) -> str | None:
    sources = ("AC", "USB", "Wireless", "Dock")
    known = [source for source in sources if f"{source} powered" in battery]
    if not known:
        return None
    return next((source.lower() for source in known if battery[f"{source} powered"] == "true"), "none")


def _asleep(answers: dict[str, str]) -> list[int]:
    online = core_list(answers["online"])
    return [cpu for cpu in core_list(answers["present"]) if cpu not in online] if online else []


def _governor(text: str, cpus: Sequence[int] | None) -> str | None:
    governors = dict(re.findall(r"/cpu(\d{1,4})/cpufreq/scaling_governor:(\S{1,100})$", text, re.MULTILINE))
    chosen = [str(cpu) for cpu in cpus] if cpus else sorted(governors, key=int)[-1:]
    return next((governors[cpu] for cpu in chosen if cpu in governors), None)


def _named(values: dict[int, int]) -> dict[str, int]:
    return {str(cpu): value for cpu, value in sorted(values.items())}

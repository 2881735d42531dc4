"""What a phone tells of itself, in the words of several vendors; parity; delegates that only pretend."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from android_bench.phone.adb.shell import Result
from android_bench.phone.device.clusters import clusters_of, core_list, fastest_cores, parts_of
from android_bench.phone.device.device import free_bytes
from android_bench.phone.device.state import blind_spots, read_state
from android_bench.phone.parity import compare, reference_of
from android_bench.phone.runner.run import RunError, answer_of, delegated_nodes, failure_of
from android_bench.phone.settings import Settings, seconds_of
from android_bench.records.record import Tensor
from facekp_train.common.shipped import shipped_models_dir
from tests.support.models.tiny_models import tiny_tflite

SNAPDRAGON_855 = {cpu: 1_785_600 if cpu < 4 else 2_419_200 if cpu < 7 else 2_841_600 for cpu in range(8)}


@pytest.mark.parametrize(
    ("threads", "cores"), [(1, [7]), (2, [4, 5, 6, 7]), (4, [4, 5, 6, 7]), (5, None), (8, None), (64, None)]
)
def test_whole_clusters_from_the_fastest_until_there_is_a_core_a_thread(
    threads: int, cores: list[int] | None
) -> None:
    assert fastest_cores(clusters_of(SNAPDRAGON_855, {}, {}, range(8)), threads) == cores


def test_cores_that_differ_in_part_or_are_asleep_or_hide_their_frequency() -> None:
    parts = {0: "0x41/0xd03", 1: "0x41/0xd09"}
    big, little = clusters_of({0: 2_000_000, 1: 2_000_000}, {}, parts, [0, 1])
    assert (little.core, big.core) == ("Cortex-A53", "Cortex-A73")
    assert [c.cpus for c in clusters_of(SNAPDRAGON_855, {}, {}, [0, 1, 7])] == [[7], [0, 1]]
    assert fastest_cores(clusters_of({}, {}, parts, [0, 1]), 1) is None
    assert fastest_cores([], 1) is None


def test_big_cores_that_are_clocked_as_the_little_ones_are_the_fastest() -> None:
    """Unisoc's T606: six Cortex-A55 and two A75, all up to 1.6 GHz."""
    khz = dict.fromkeys(range(8), 1_612_000)
    parts = {cpu: "0x41/0xd05" if cpu < 6 else "0x41/0xd0a" for cpu in range(8)}
    capacity = {cpu: 400 if cpu < 6 else 1024 for cpu in range(8)}
    assert fastest_cores(clusters_of(khz, capacity, parts, range(8)), 2) == [6, 7]
    assert fastest_cores(clusters_of(khz, {}, parts, range(8)), 2) == [6, 7]
    assert fastest_cores(clusters_of(khz, capacity, {}, range(8)), 2) == [6, 7]
    # The kernel's word counts before the numbers.
    reversed_ = {cpu: 1024 if cpu < 2 else 400 for cpu in range(8)}
    assert fastest_cores(clusters_of(khz, reversed_, {}, range(8)), 2) == [0, 1]


def test_lists_of_cores_and_part_ids() -> None:
    assert core_list("0-3,6\n") == [0, 1, 2, 3, 6]
    assert core_list("4-5,0,4") == [0, 4, 5]
    assert core_list("0-1023") == list(range(1024))
    for text in ("", "x", "0-", "-1", "0-3;4", "0-1024", "0-9999", "3-1"):
        assert core_list(text) == []
    cpuinfo = (
        "processor\t: 0\nCPU implementer\t: 0x51\nCPU part\t: 0x805\n\n"
        "processor\t: 4\nCPU implementer\t: 0x48\nCPU part\t: 0xD40\n\nHardware\t: x\n"
    )
    assert parts_of(cpuinfo) == {0: "0x51/0x805", 4: "0x48/0xd40"}
    assert parts_of("garbage") == {}


def test_space_of_a_folder() -> None:
    one_line = "Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/block/dm-5 100 40 60 40% /data\n"
    folded = "Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/a/long/name\n 100 40 60 40% /data\n"
    assert free_bytes(one_line) == free_bytes(folded) == 60 * 1024
    assert free_bytes("df: not permitted") is None


class Told:
    """Stands for a phone that answers what it is given."""

    def __init__(self, **answers: str) -> None:
        self._answers = answers

    def look_up(self, commands: dict[str, str]) -> dict[str, str]:
        return {name: self._answers.get(name, "") for name in commands}


THERMAL = """IsStatusOverride: false
Thermal Status: 1
Cached temperatures:
\tTemperature{mValue=99.0, mType=3, mName=skin, mStatus=0}
Current temperatures from HAL:
\tTemperature{mValue=41.5, mType=0, mName=CPU0, mStatus=0}
\tTemperature{mValue=36.25, mType=3, mName=VIRTUAL-SKIN, mStatus=1}
Current cooling devices from HAL:
\tCoolingDevice{mValue=0, mType=2, mName=Temperature{mValue=77, mType=3, mName=x}
"""


def test_the_skin_counts_before_the_battery_before_a_zone() -> None:
    zones = "/sys/class/thermal/thermal_zone0/type:quiet-therm\n/sys/class/thermal/thermal_zone0/temp:33250\n"
    battery = "  level: 81\n  temperature: 305\n  AC powered: false\n  USB powered: true\n"
    state = read_state(Told(zones=zones, battery=battery, thermal=THERMAL))  # type: ignore[arg-type]
    assert (state.temperature_c, state.temperature_of, state.thermal_status) == (36.25, "skin", 1)
    assert (state.battery_percent, state.charging) == (81, "usb")
    assert state.temperatures_c["battery"] == 30.5
    state = read_state(Told(zones=zones, battery=battery))  # type: ignore[arg-type]
    assert (state.temperature_c, state.temperature_of) == (30.5, "battery")
    state = read_state(Told(zones=zones))  # type: ignore[arg-type]
    assert (state.temperature_c, state.temperature_of) == (33.25, "quiet-therm")


def test_of_several_sensors_of_a_kind_the_warmest_counts_and_all_are_kept() -> None:
    thermal = "Current temperatures from HAL:\n" + "".join(
        f"\tTemperature{{mValue={value}, mType={kind}, mName={name}, mStatus=0}}\n"
        for value, kind, name in (
            (41.2, 3, "VIRTUAL-SKIN"), (29.0, 3, "VIRTUAL-SKIN-CHARGE"), (999.0, 3, "BROKEN"),
            (31.0, 2, "battery"), (33.0, 2, "battery-2"),
        )
    )  # fmt: skip
    state = read_state(Told(thermal=thermal))  # type: ignore[arg-type]
    assert (state.temperature_c, state.temperature_of) == (41.2, "skin")
    assert state.temperatures_c == {
        "VIRTUAL-SKIN": 41.2, "VIRTUAL-SKIN-CHARGE": 29.0, "skin": 41.2, "battery": 33.0, "battery-2": 33.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "degrees"),
    [("31000", 31.0), ("310", 31.0), ("31", 31.0), ("-5", -5.0), ("999999", None), ("", None)],
)
def test_zones_count_in_degrees_tenths_or_thousandths(raw: str, degrees: float | None) -> None:
    zones = f"/sys/class/thermal/thermal_zone7/type:skin-0\n/sys/class/thermal/thermal_zone7/temp:{raw}\n"
    assert read_state(Told(zones=zones)).temperature_c == degrees  # type: ignore[arg-type]


def test_a_phone_that_tells_nothing_is_no_error() -> None:
    state = read_state(Told())  # type: ignore[arg-type]
    assert state.temperature_c is None and state.charging is None and state.screen is None
    assert [text.split(":")[0] for text in blind_spots(state)] == [
        "the phone does not report its temperature",
        "the phone reports neither thermal status nor frequency limits",
    ]


GPU_LOG = "INFO: Replacing 97 out of 97 node(s) with delegate (TfLiteGpuDelegateV2) node.\n"
GPU_TRUE = GPU_LOG + "INFO: Initialized OpenCL-based API.\nINFO: Created 1 GPU delegate kernels.\n"


def test_a_delegate_must_show_that_it_did_the_work() -> None:
    assert delegated_nodes("", "cpu") is None
    assert delegated_nodes(GPU_TRUE, "gpu") == (97, 97)
    assert delegated_nodes(GPU_TRUE.replace("97 out", "44 out"), "gpu") == (44, 97)
    nnapi = "INFO: Replacing 5 out of 9 node(s) with delegate (TfLiteNnapiDelegate) node.\n"
    assert delegated_nodes(nnapi, "nnapi") == (5, 9)
    xnnpack = "INFO: Replacing 97 out of 97 node(s) with delegate (TfLiteXNNPackDelegate) node.\n"
    for log, delegate in (
        (GPU_LOG, "gpu"),
        (GPU_LOG + "ERROR: Can not open OpenCL library\n", "gpu"),
        (GPU_TRUE.replace("Created 1", "Created 0"), "gpu"),
        (xnnpack + "INFO: Initialized OpenCL-based API.\nINFO: Created 1 GPU delegate kernels.\n", "gpu"),
        (nnapi.replace("5 out", "0 out"), "nnapi"),
        ("", "nnapi"),
    ):
        with pytest.raises(RunError, match="took no part"):
            delegated_nodes(log, delegate)


@pytest.mark.parametrize(
    ("code", "stderr", "says"),
    [
        (3, "INFO: x\nerror: lib.so cannot be opened: 16 KB\n", "lib.so cannot be opened: 16 KB"),
        (1, 'CANNOT LINK EXECUTABLE "./r": library "liblog.so" not found\n', "does not start on this phone"),
        (126, "sh: ./r: can't execute: Permission denied\n", "does not start"),
        (127, "sh: ./r: not found\n", "does not start"),
        (126, "./r: not executable: 64-bit ELF file\n", "64-bit ELF"),
        (137, "Killed\n", "killed by the phone"),
        (139, "E/mali: /dev/mali0: Permission denied\n", "crashed on the phone (SIGSEGV)"),
        (4, "error: model.tflite cannot be opened: Permission denied\n", "model.tflite cannot be opened"),
        (
            5,
            "ERROR: no OpenCL\nERROR: no EGL\nerror: cannot prepare m\n",
            "cannot prepare m (no OpenCL; no EGL)",
        ),
        (139, "", "crashed on the phone (SIGSEGV)"),
        (134, "", "SIGABRT"),
        (9, "", "exit code 9"),
    ],
    ids=str,
)
def test_why_a_runner_failed(code: int, stderr: str, says: str) -> None:
    reason = failure_of(Result(code, "", stderr))
    assert reason is not None and says in reason and "\n" not in reason


@pytest.mark.parametrize(
    "stdout",
    ["", "hello", '{"runner": 1', '{"runner": 2}', '{"runner": 1, "samples_ns": [-1]}', "[]", "\x00\xff"],
    ids=repr,
)
def test_a_garbled_answer_is_no_measurement(stdout: str) -> None:
    with pytest.raises(RunError, match="garbled"):
        answer_of(Result(0, stdout, ""))


def test_durations() -> None:
    assert [seconds_of(text) for text in ("90", "90s", "10m", "1.5h")] == [90, 90, 600, 5400]
    for text in ("", "0", "m", "10 min", "-5s"):
        with pytest.raises(ValueError, match="not a duration"):
            seconds_of(text)


def test_numbers_that_no_wait_can_be_made_of_are_refused() -> None:
    for timeout in (math.nan, math.inf):
        with pytest.raises(ValueError, match="a number of seconds"):
            Settings(timeout=timeout)
    with pytest.raises(ValueError, match="a number of degrees"):
        Settings(max_temperature=math.nan)
    assert Settings(max_temperature=math.inf).timeout > 0  # whoever does not want to wait for it to cool


def outputs_of(
    path: Path, change: Callable[[np.ndarray], np.ndarray], delegate: str = "cpu"
) -> tuple[bool, str | None]:
    """Whether a phone would agree whose outputs are this computer's, changed."""
    reference = reference_of(path)
    content = b"".join(change(output).astype(output.dtype).tobytes() for output in reference.outputs)
    outputs = [Tensor(name=s.name, shape=list(s.shape), dtype=s.dtype.name) for s in reference.specs]
    parity, complaint = compare(reference, content, outputs, delegate)
    assert parity.ok == (complaint is None)
    return parity.ok, complaint


def test_parity_has_the_tolerance_of_what_computes() -> None:
    folder = shipped_models_dir() / "mdp-0.25x"
    exact, int8 = folder / "model_float32.tflite", folder / "model_int8.tflite"
    assert outputs_of(exact, lambda o: o) == (True, None)
    assert outputs_of(exact, lambda o: o + 9e-5)[0]
    assert not outputs_of(exact, lambda o: o + 2e-4)[0]
    assert outputs_of(exact, lambda o: o + 4e-3, "gpu")[0]
    assert not outputs_of(exact, lambda o: o + 6e-3, "gpu")[0]
    assert outputs_of(int8, lambda o: o + 0.09 / 128)[0]
    assert not outputs_of(int8, lambda o: o + 0.11 / 128)[0]

    def one_point_astray(output: np.ndarray) -> np.ndarray:
        moved = output.copy()
        moved[0, 0] += 0.01
        return moved

    ok, complaint = outputs_of(int8, one_point_astray)
    assert not ok and complaint is not None and "computes something else" in complaint
    for path in (exact, int8):
        with pytest.raises(ValueError, match="not finite"):
            outputs_of(path, lambda o: o * np.nan)


def test_parity_of_a_foreign_model_is_measured_on_noise(tmp_path: Path) -> None:
    path = tiny_tflite(tmp_path / "add.tflite", constant=1000.0)
    assert reference_of(path).source == "noise"
    # A relative error of float32 in numbers around a thousand is none.
    assert outputs_of(path, lambda o: o + 0.05)[0]
    assert not outputs_of(path, lambda o: o + 0.5)[0]
    with pytest.raises(ValueError, match="2 inputs"):
        reference_of(tiny_tflite(tmp_path / "two.tflite"))


def test_outputs_of_another_shape_are_refused(tmp_path: Path) -> None:
    reference = reference_of(tiny_tflite(tmp_path / "add.tflite", constant=1.0))
    outputs = [Tensor(name=s.name, shape=list(s.shape), dtype=s.dtype.name) for s in reference.specs]
    with pytest.raises(ValueError, match="another shape"):
        compare(reference, b"\0" * 12, outputs, "cpu")
    with pytest.raises(ValueError, match="another shape"):
        compare(reference, b"\0" * 256, [outputs[0].model_copy(update={"dtype": "int8"})], "cpu")

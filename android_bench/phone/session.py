"""All measurements on one phone: prepared, cooled, interleaved, and tidied up afterwards."""

from __future__ import annotations

import contextlib
import random
import shlex
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from android_bench.phone.adb.adb import PhoneLostError, TimeLimitError
from android_bench.phone.adb.shell import Phone
from android_bench.phone.device.clusters import fastest_cores
from android_bench.phone.device.device import Device, describe, expect_usable
from android_bench.phone.device.fixed_performance import fixed_performance
from android_bench.phone.device.state import read_state, slowed
from android_bench.phone.lock import locked
from android_bench.phone.mark import marked, renew
from android_bench.phone.parity import Reference
from android_bench.phone.runner.app import remove_app
from android_bench.phone.runner.install import install, remove
from android_bench.phone.runner.run import RunError
from android_bench.phone.runner.runners import Program, prepare
from android_bench.phone.settings import Settings
from android_bench.phone.trial import PhoneTrial
from android_bench.phone.turn import Call, take_turn
from android_bench.phone.watch import Watch
from android_bench.records.phone import State
from android_bench.records.record import Record
from facekp_export.inference.onnx_session import first_line
from facekp_train.common.console import UserError

_ATTEMPTS = 3
"""Of one repeat, when the phone slows down."""
_SPARE_SECONDS = 120.0
"""To read states and to bring files, besides a turn."""

Tell = Callable[[float, int, str], None]
"""Called with (measurements done, measurements, what is under way)."""


class Session:
    """The measurements on one phone. `run` makes them; `records` may be asked at any time after it."""

    def __init__(
        self, phone: Phone, files: Mapping[Path, Reference | str], settings: Settings, tell: Tell
    ) -> None:
        """files: model file -> this computer's answers, or why it has none."""
        self._phone, self._files, self._settings = phone, files, settings
        self._tell = tell
        self._trials: list[PhoneTrial] = []
        self._programs: dict[str, Program | str] = {}
        self._watch = Watch(phone, settings.max_temperature, self._held_seconds, self._say)
        self.error: str | None = None
        """Why nothing, or nothing more, could be measured on this phone."""

    @property
    def serial(self) -> str:
        """The phone's."""
        return self._phone.serial

    @property
    def _held_seconds(self) -> float:
        """For which a mark on the phone must do until it is renewed: a turn, and some more."""
        return self._settings.timeout + _SPARE_SECONDS

    @property
    def progress(self) -> tuple[float, int]:
        """Measurements done, and measurements."""
        done = [1.0 if trial.failure else trial.share(self._settings) for trial in self._trials]
        return sum(done), len(self._trials)

    def records(self, cause: str = "") -> list[Record]:
        """What was measured so far. cause: what ended it early."""
        return [self._record(trial, cause) for trial in self._trials]

    def _record(self, trial: PhoneTrial, cause: str) -> Record:
        """The trial's; where what a phone said fits in none, one that says so: others are not lost for it."""
        try:
            return trial.record(self._settings, cause)
        except (ValueError, OverflowError) as error:
            trial.discard(f"the phone's answers fit in no record ({first_line(error)}); restart it")
            return trial.record(self._settings, cause)

    def run(self) -> None:
        """Measure everything. Raises StoppedError when called off; what goes wrong else is in `error`."""
        try:
            with locked(f"{self._phone.adb.server.address} {self.serial}", self.serial):
                self._measure_all()
        except (UserError, OSError, ValueError, OverflowError) as error:
            self.error = self._sentence(error)
            for trial in self._trials:
                if not trial.complete(self._settings):
                    trial.failure = trial.failure or self.error

    def _measure_all(self) -> None:
        self._say("looking at the phone")
        device = describe(self._phone)
        expect_usable(device, self.serial)
        # By cable and by network the same phone has two serials, and one identity.
        lock = locked(device.identity, self.serial) if device.identity else contextlib.nullcontext()
        with lock, marked(self._phone, self._held_seconds):
            try:
                self._prepare(device)
                steady = self._settings.fixed_performance
                with fixed_performance(self._phone) if steady else contextlib.nullcontext():
                    for trial in self._trials:
                        trial.fixed_performance = steady
                    self._take_all()
            finally:
                self._tidy()

    def _tidy(self) -> None:
        for program in self._ready_programs():
            remove(self._phone, program.work)
            if program.app:
                remove_app(self._phone, program.folder, self._settings.uninstall)

    def _take_all(self) -> None:
        if self._settings.sustained is None:
            self._repeat()
            return
        for trial in self._ready():
            self._guarded(trial, self._sustain)

    def _prepare(self, device: Device) -> None:
        """Bring runners, models and inputs to the phone; whatever fails for one measurement ends it alone."""
        self._bring_programs(device)
        for program in self._ready_programs():
            self._phone.ask(f"rm -rf -- {shlex.quote(program.work)}")
        state = read_state(self._phone, fastest_cores(device.fingerprint.clusters, 1))
        for path, reference in self._files.items():
            self._say(f"bringing {path.name}")
            self._prepare_file(device, state, path, reference, self._programs[path.suffix.lower()])
        self._trials.sort(key=lambda trial: self._settings.threads.index(trial.threads))

    def _ready_programs(self) -> list[Program]:
        return [program for program in self._programs.values() if isinstance(program, Program)]

    def _bring_programs(self, device: Device) -> None:
        """The runner for each kind of file, or why there is none. Raises where there is none at all."""
        programs = self._programs
        failures: list[UserError | OSError | RunError] = []
        for suffix in dict.fromkeys(path.suffix.lower() for path in self._files):
            self._say(f"bringing the runner for {suffix} files")
            try:
                programs[suffix] = prepare(
                    self._phone,
                    device,
                    suffix,
                    self._settings.runner,
                    source=self._settings.source,
                    binary=self._settings.binary,
                    apk=self._settings.apk,
                )
            except (PhoneLostError, TimeLimitError):
                raise
            except (UserError, OSError, RunError) as error:
                programs[suffix] = str(error)
                failures.append(error)
        if len(failures) == len(programs):
            raise UserError(str(failures[0]))

    def _prepare_file(
        self, device: Device, state: State, path: Path, reference: Reference | str, program: Program | str
    ) -> None:
        wanted = delegates = self._settings.delegates
        if isinstance(program, Program) and path.suffix.lower() == ".onnx":
            # No phone has another runner for these: beside .tflite files it does what it can.
            delegates = tuple(name for name in wanted if name in program.delegates) or wanted
        trials = [
            PhoneTrial(self.serial, device, state, path, delegate, threads)
            for threads in self._settings.threads
            for delegate in delegates
        ]
        self._trials += trials
        if isinstance(program, str) or isinstance(reference, str):
            for trial in trials:
                trial.failure = program if isinstance(program, str) else str(reference)
            return
        try:
            model, inputs = self._bring(path, trials[0].sha256, reference, program)
        except (PhoneLostError, TimeLimitError):
            raise
        except (UserError, OSError) as error:
            for trial in trials:
                trial.failure = str(error)
            return
        for trial in trials:
            # An app runs where Android puts it.
            cpus = None if program.app else fastest_cores(device.fingerprint.clusters, trial.threads)
            trial.call = Call(program, model, inputs, reference, trial.delegate, trial.threads, cpus)
            trial.left_out = [name for name in wanted if name not in delegates]
            if trial.delegate not in program.delegates:
                name, why = program.facts.name, program.facts.why
                trial.failure = (
                    f"the runner {name}, taken because {why}, computes on the CPU alone; use --delegate "
                    "cpu, or leave ONNX files out with --runtime litert"
                )

    def _bring(self, path: Path, digest: str, reference: Reference, program: Program) -> tuple[str, str]:
        """Paths on the phone of a model and of its inputs, named by us whatever the file is called."""
        folder, name = f"{program.work}/{digest[:16]}", f"model{path.suffix.lower()}"
        with tempfile.TemporaryDirectory(prefix="facekp-") as made:
            inputs = Path(made) / "inputs.bin"
            inputs.write_bytes(reference.content)
            files = {name: path, "inputs.bin": inputs}
            there = install(self._phone, folder, files, executable=not program.app)
        if there[name] != digest:
            raise UserError(f"{path} changed while it was copied; measure again")
        return f"{folder}/{name}", f"{folder}/inputs.bin"

    def _ready(self) -> list[PhoneTrial]:
        return [trial for trial in self._trials if trial.failure is None]

    def _repeat(self) -> None:
        """Every measurement once, in random order; again; and again."""
        order = random.Random(0)
        for _ in range(self._settings.repeat):
            ready = self._ready()
            order.shuffle(ready)
            for trial in ready:
                self._guarded(trial, self._one_repeat)
        self._say("done")

    def _guarded(self, trial: PhoneTrial, measure: Callable[[PhoneTrial, Call], None]) -> None:
        assert trial.call is not None
        try:
            measure(trial, trial.call)
        except (RunError, ValueError, OverflowError) as error:
            trial.failure = self._sentence(error)

    def _sentence(self, error: Exception) -> str:
        """An error in words: numbers and texts that nothing of ours can hold end one job, not all."""
        if isinstance(error, (UserError, OSError, RunError)):
            return str(error)
        return f"phone {self.serial} answers what cannot be read ({first_line(error)}); restart it"

    def _one_repeat(self, trial: PhoneTrial, call: Call) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            before = self._watch.cooled(call.cpus)
            trial.before = trial.before or before
            self._say(trial.label)
            turn = take_turn(self._phone, call, self._settings)
            after = self._watch.after(call.cpus)
            held_back = slowed(before, after, call.cpus)
            if held_back is None or attempt == _ATTEMPTS:
                trial.add(turn, after, attempt, held_back is not None)
                trial.failure = trial.failure or (held_back and _too_slow(held_back))
                return

    def _sustain(self, trial: PhoneTrial, call: Call) -> None:
        """Turns without a pause: what heat leaves of the phone's speed."""
        assert self._settings.sustained is not None
        before = trial.before = self._watch.cooled(call.cpus)
        started, seconds = time.monotonic(), 0.0
        while seconds < self._settings.sustained and trial.failure is None:
            renew(self._phone, self._held_seconds)
            self._say(f"{trial.label}, {seconds:.0f} of {self._settings.sustained:.0f} s")
            turn = take_turn(self._phone, call, self._settings)
            after = self._watch.after(call.cpus)
            trial.add(turn, after, 1, slowed(before, after, call.cpus) is not None)
            seconds = time.monotonic() - started
            trial.reach(seconds, after)

    def _say(self, label: str) -> None:
        self._tell(*self.progress, label)


def _too_slow(held_back: str) -> str:
    return (
        f"the phone slowed down in each of {_ATTEMPTS} attempts ({held_back}); let it cool, "
        "take it out of its case, or measure that with --sustained"
    )

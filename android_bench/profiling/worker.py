"""The measuring process of a profile: holds the cut files and times neighbors by turns.

`python -m android_bench.profiling.worker` reads one JSON object a line and answers each with one line, as
`android_bench.host.worker` does:

    {"do": "open", "path": FILE, "rounds": N} -> {"operators", "version", "clock"}
    {"do": "round"} -> {"done"}  the share of all rounds, 1 at the end
    {"do": "samples"}
        -> {"operators": [[ns, ...], ...], "call": [...], "whole": [...], "peaks": {PRECISION: [...]}}

An operator's samples are differences of calls that follow one another, of the file cut after it and of the
one cut before it: whatever slows the machine down hits both.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from android_bench.clocks import cpu_clock
from android_bench.engines.engines import ENGINES
from android_bench.engines.inputs import fill, sized
from android_bench.engines.peak import tflite_peak
from android_bench.host.answering import serve
from android_bench.profiling.cuts import cut_after
from facekp_export.inference.flatbuffer import read_model
from facekp_export.inference.layers import layers
from facekp_export.inference.runtimes import open_runtime

Call = Callable[[], None]

QUADS = 4
"""How often in a row two neighbors are called: the shorter, the longer twice, the shorter."""
ENOUGH_NS = 20_000_000
"""After so long inside a row it ends early: long runs need fewer."""
REFERENCES = 8
"""How often a round times the whole file and the peak, spread over it."""
MOST_BYTES = 200_000_000
"""Of cut files held at once; a runtime needs about three times as much for their weights."""


class Subject:
    """One file being profiled."""

    def __init__(self, path: str, rounds: int) -> None:
        """Raises OSError and ValueError as `open_runtime` and `sized` do."""
        self._version = ENGINES["litert"].load()
        self._folder = TemporaryDirectory()
        self._model = read_model(Path(path).read_bytes())
        found = layers(self._model)
        if not found:
            raise ValueError("it has no operators")
        self._ends = [0, *(layer.index + 1 for layer in found)]
        self._names = ["", *(layer.operator for layer in found)]
        self._rounds, self._done = rounds, 0
        self._first = 0  # the number of operators of the first cut that is held
        self._cuts: list[Call] = []
        self._bytes = 0
        self._whole = _call(Path(path))
        precisions = {"int8" if layer.int8 else "float32" for layer in found if layer.macs}
        self._peaks = {name: self._written(tflite_peak(name), f"peak_{name}") for name in sorted(precisions)}
        self._clock = cpu_clock("thread")
        self.samples: dict[str, Any] = {"operators": [[] for _ in found], "call": [], "whole": []}
        self.samples["peaks"] = {name: [] for name in self._peaks}
        gc.disable()

    def facts(self) -> dict[str, Any]:
        """What is known before the first round."""
        clock = "wall" if self._clock is None else "cpu"
        return {"operators": len(self._ends) - 1, "version": self._version, "clock": clock}

    def round(self) -> dict[str, Any]:
        """One round over the cuts that are held; after their last one others take their place."""
        if not self._done:
            self._open()
        held, operators = len(self._cuts) - 1, len(self._ends) - 1
        stride = max(1, held // REFERENCES)
        for place in range(held):
            self._pair(self._first + place, self._cuts[place], self._cuts[place + 1])
            if (place + self._done) % stride == 0:
                self._references()
        if self._first == 0:
            self.samples["call"].append(self._time(self._cuts[0]))
        self._done += 1
        share = (self._first + held * self._done / self._rounds) / operators
        if self._done == self._rounds:
            # Their last is the first of the next ones.
            self._first, self._done = self._first + held, 0
            del self._cuts[:-1]
            share = self._first / operators
        return {"done": share}

    def _open(self) -> None:
        """Hold as many cuts as memory allows, two at least."""
        self._bytes = 0
        if not self._cuts:
            self._cuts = [self._cut(0)]
        last = len(self._ends) - 1
        while self._first + len(self._cuts) <= last and (self._bytes < MOST_BYTES or len(self._cuts) < 2):
            self._cuts.append(self._cut(self._first + len(self._cuts)))

    def _cut(self, operators: int) -> Call:
        try:
            content = cut_after(self._model, self._ends[operators])
            self._bytes += len(content)
            return self._written(content, f"cut_{operators}")
        except ValueError as error:
            if operators == 0:
                return _nothing  # a file that computes nothing: not every runtime opens one
            name = self._names[operators]
            raise ValueError(f"it cannot be cut after operator {operators}, {name}: {error}") from None

    def _written(self, content: bytes, name: str) -> Call:
        path = Path(self._folder.name) / f"{name}.tflite"
        path.write_bytes(content)
        try:
            return _call(path)
        finally:
            path.unlink()

    def _time(self, call: Call) -> int:
        clock = self._clock or time.perf_counter_ns
        before = clock()
        call()
        return clock() - before

    def _pair(self, operator: int, shorter: Call, longer: Call) -> None:
        shorter()
        longer()
        spent = 0
        for _ in range(QUADS):
            # There and back, so that neither file is always the first.
            without, through = self._time(shorter), self._time(longer)
            through += self._time(longer)
            without += self._time(shorter)
            self.samples["operators"][operator].append((through - without) / 2)
            spent += without + through
            if spent > ENOUGH_NS:
                return

    def _references(self) -> None:
        calls = [(self.samples["whole"], self._whole)]
        calls += [(self.samples["peaks"][name], call) for name, call in self._peaks.items()]
        for samples, call in calls:
            call()
            samples += [self._time(call), self._time(call)]


def _call(path: Path) -> Call:
    """One run of a file with its inputs filled, after a first one."""
    runtime = open_runtime(path)
    runtime.set_inputs([fill(sized(spec, {})) for spec in runtime.inputs])
    runtime.invoke()
    return runtime.invoke


def _nothing() -> None:
    pass


def main() -> None:
    """Serve until the input ends."""
    subjects: list[Subject] = []

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if request["do"] == "open":
            subjects.append(Subject(request["path"], request["rounds"]))
            return subjects[0].facts()
        return subjects[0].round() if request["do"] == "round" else subjects[0].samples

    serve(answer)


if __name__ == "__main__":
    main()

"""Which mdp-fast computes how much in how little int8 time: its channels, pairs and crop side, measured.

    python benchmarks/fast_search.py --reference benchmarks/weights/pfld-0.25x/model_int8.tflite

A file of random weights is written in milliseconds (`benchmarks/systems/fast_file.py`) and timed in LiteRT,
one thread, by the CPU time of that thread, in rounds beside the reference, PFLD 0.25X in int8: a shape's
figure is the median over rounds of its time over the reference's in the same round. How accurate a shape
gets is a training's to say; what is drawn is its time against its multiplications, and where a target cuts
them. Written to benchmarks/results/fast_search.json and docs/results/fast-search.png.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from android_bench.clocks import cpu_clock
from android_bench.host.machine import describe_machine
from benchmarks.systems.fast_file import fast_file
from facekp_export.inference.layers import read_layers, total_macs
from facekp_export.inference.runtimes import Runtime, open_runtime
from facekp_train.common.console import UserError, new_app, out, run
from facekp_train.common.files import write_text
from facekp_train.networks.keypoint_net import NetConfig
from facekp_train.networks.mdp_fast import CHANNELS, PAIRS

RESULT = Path(__file__).parent / "results" / "fast_search.json"
PICTURE = Path(__file__).parents[1] / "docs" / "results" / "fast-search.png"
REFERENCE = Path(__file__).parent / "weights" / "pfld-0.25x" / "model_int8.tflite"
TARGET = 0.6
"""Of the reference's time: what mdp-fast is to stay below."""
SIDES = (80, 96, 112, 128)
STAGES = (
    CHANNELS, (8, 16, 32, 64, 128), (16, 16, 32, 64, 128), (16, 32, 32, 64, 128), (16, 24, 48, 64, 128),
    (16, 24, 32, 48, 96), (16, 24, 32, 96, 128), (16, 24, 32, 64, 192), (24, 32, 48, 96, 128),
)  # fmt: skip
COUNTS = (
    PAIRS,
    (0, 0, 1, 1, 1),
    (0, 0, 2, 1, 1),
    (0, 0, 1, 2, 1),
    (0, 0, 0, 2, 2),
    (0, 0, 2, 2, 2),
    (0, 0, 3, 3, 1),
)
_TOGETHER, _WARM, _RUNS = 16, 3, 10


@dataclass(frozen=True)
class Shape:
    """One mdp-fast: crop side in pixels, channels of its stages, residual pairs of each."""

    size: int
    channels: tuple[int, ...]
    pairs: tuple[int, ...]

    def content(self) -> bytes:
        """Its int8 file."""
        sizes = {"size": self.size, "channels": self.channels, "pairs": self.pairs}
        return fast_file(NetConfig.model_validate({"backbone": "mdp-fast", **sizes}))


@dataclass(frozen=True)
class Row:
    """A shape and what was measured of it.

    Attributes:
        macs: multiply-accumulates of one crop.
        size_bytes: of the int8 file.
        cpu_ms: median CPU time of a call.
        ratio: of that to the reference's, the median over rounds; ratio_low and ratio_high are the quartiles.
        front: no other shape computes more in less time.
    """

    size: int
    channels: tuple[int, ...]
    pairs: tuple[int, ...]
    macs: int
    size_bytes: int
    cpu_ms: float
    ratio: float
    ratio_low: float
    ratio_high: float
    front: bool = False


def shapes() -> list[Shape]:
    """All that are tried."""
    return [Shape(*sizes) for sizes in product(SIDES, STAGES, COUNTS)]


def search(tried: Sequence[Shape], reference: Path, rounds: int) -> tuple[float, list[Row]]:
    """Time shapes beside a reference, so many at once.

    Args:
        tried: the shapes.
        reference: a TFLite file.
        rounds: turns of each.

    Returns:
        The reference's median milliseconds, and a row a shape, the fastest first.
    """
    clock = cpu_clock("thread")
    if clock is None:
        raise UserError("this system has no fine clock of a thread's CPU time, which the search goes by")
    rows, of_reference = [], []
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for start in range(0, len(tried), _TOGETHER):
            some = tried[start : start + _TOGETHER]
            files = [Path(folder) / f"{number}.tflite" for number in range(len(some))]
            for shape, file in zip(some, files, strict=True):
                file.write_bytes(shape.content())
            runtimes = [_opened(path) for path in (reference, *files)]
            turns = np.empty((rounds, len(runtimes)))
            for turn in turns:
                for place in random.permutation(len(runtimes)):
                    turn[place] = _median_ms(runtimes[place], clock)
            of_reference.append(turns[:, 0])
            ratios = turns[:, 1:] / turns[:, :1]
            for place, (shape, file) in enumerate(zip(some, files, strict=True)):
                low, middle, high = np.percentile(ratios[:, place], [25, 50, 75])
                rows.append(
                    Row(
                        *(shape.size, shape.channels, shape.pairs),
                        macs=total_macs(read_layers(file)),
                        size_bytes=file.stat().st_size,
                        cpu_ms=float(np.median(turns[:, place + 1])),
                        ratio=float(middle),
                        ratio_low=float(low),
                        ratio_high=float(high),
                    )
                )
    return float(np.median(np.concatenate(of_reference))), with_front(rows)


def _opened(path: Path) -> Runtime:
    runtime = open_runtime(path, 1)
    spec = runtime.inputs[0]
    values = np.random.default_rng(0).integers(0, 256, spec.shape)
    runtime.set_inputs([values.astype(spec.dtype)])
    return runtime


def _median_ms(runtime: Runtime, clock) -> float:
    for _ in range(_WARM):
        runtime.invoke()
    spent = []
    for _ in range(_RUNS):
        before = clock()
        runtime.invoke()
        spent.append(clock() - before)
    return float(np.median(spent)) / 1e6


def with_front(rows: Sequence[Row]) -> list[Row]:
    """Rows by rising time; those that compute more than all faster ones are the front."""
    found, most = [], 0
    for row in sorted(rows, key=lambda row: row.ratio):
        found.append(replace(row, front=row.macs > most))
        most = max(most, row.macs)
    return found


def as_json(head: dict[str, Any], rows: Sequence[Row]) -> str:
    """The document, a row a line; milliseconds and ratios with four decimals."""
    lines = [
        json.dumps({name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(row).items()})
        for row in rows
    ]
    text = json.dumps(head | {"rows": None}, indent=2)
    return text.replace("null\n}", "[\n    " + ",\n    ".join(lines) + "\n  ]\n}") + "\n"


def draw(rows: Sequence[Row], target: Path) -> None:
    """Every shape by its time and multiplications, a color a crop side, the front as a line."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    for size, points in _by_side(rows):
        axes.scatter([p.ratio for p in points], [p.macs / 1e6 for p in points], s=14, label=f"{size} px")
    front = [row for row in rows if row.front]
    axes.step([p.ratio for p in front], [p.macs / 1e6 for p in front], where="post", color="black", lw=1)
    axes.axvline(TARGET, color="gray", ls="--", lw=1)
    axes.annotate(
        f"target {TARGET:g}", (TARGET, axes.get_ylim()[0]), textcoords="offset points", xytext=(4, 4)
    )
    axes.set_xlabel("int8 CPU time of a crop over PFLD 0.25X's")
    axes.set_ylabel("million multiply-accumulates")
    axes.legend()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, dpi=110)
    pyplot.close(figure)


def _by_side(rows: Sequence[Row]) -> Iterator[tuple[int, list[Row]]]:
    for size in SIDES:
        if points := [row for row in rows if row.size == size]:
            yield size, points


app = new_app("fast_search", "mdp-fast's shapes by measured int8 time.")


@app.command()
def main(
    reference: Annotated[Path, typer.Option(help="TFLite file, PFLD 0.25X in int8")] = REFERENCE,
    rounds: Annotated[int, typer.Option(min=3, help="turns of each shape")] = 15,
    limit: Annotated[int | None, typer.Option(min=1, help="so many shapes, spread over all")] = None,
    result: Annotated[Path, typer.Option("--json", help="where the rows go")] = RESULT,
    picture: Annotated[Path, typer.Option(help="where the picture goes")] = PICTURE,
) -> None:
    """Search, write the rows and draw them."""
    if not reference.is_file():
        raise UserError(
            f"{reference} is missing; make one with: facekp-export --backbone pfld-0.25x --untrained"
        )
    tried = shapes()
    tried = tried[:: max(1, len(tried) // limit)] if limit else tried
    reference_ms, rows = search(tried, reference, rounds)
    head = {
        "machine": describe_machine().model_dump(mode="json"),
        "reference": "pfld-0.25x, int8",
        "reference_cpu_ms": round(reference_ms, 4),
        "target": TARGET,
        "rounds": rounds,
    }
    write_text(result, as_json(head, rows))
    draw(rows, picture)
    within = [row for row in rows if row.ratio <= TARGET]
    out.print(f"{len(rows)} shapes, {len(within)} within {TARGET:g} of the reference: {result}, {picture}")


if __name__ == "__main__":
    run(app)

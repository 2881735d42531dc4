"""CPU time of what stands around the net: reading, finding, cropping, writing; and of a whole command.

    python -m benchmarks.around.around_the_net --name after --out benchmarks/results/around_the_net.json

The demo photo enlarged, one face; one thread, medians. The table goes to docs/results/timing.md.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer

from facekp_export.demo import demo_photo
from facekp_export.detector import KeypointDetector
from facekp_export.finders.registry import open_finder
from facekp_train.common.console import new_app, run
from facekp_train.common.files import write_json
from facekp_train.common.shipped import default_model
from facekp_train.draw import write_picture
from facekp_train.images import read_image
from facekp_train.samples import Image

SHAPES = ((512, 512), (1920, 1080), (4000, 3000))
"""Width and height of the photographs."""


def photograph(width: int, height: int) -> Image:
    """The demo photo as wide as asked for, cut from the top."""
    whole = cv2.resize(read_image(demo_photo()), (width, width), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(whole[:height], np.uint8)


def cpu_ms(work: Callable[[], object], runs: int) -> float:
    """The median over some runs, after one that does not count."""
    work()
    times = []
    for _ in range(runs):
        start = time.thread_time()
        work()
        times.append(1e3 * (time.thread_time() - start))
    return round(float(np.median(times)), 1)


def figures(image: Image, folder: Path, runs: int) -> dict[str, float]:
    """CPU milliseconds a photograph, by what is done."""
    jpeg, png = folder / "photo.jpg", folder / "drawn.png"
    cv2.imwrite(str(jpeg), image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    detector = KeypointDetector.from_export(default_model())
    default, fast = open_finder("blazeface"), open_finder("blazeface-fast")
    found = default.find(image)
    (tight,) = [detector.mapping("blazeface").to_tight(face.box) for face in found[:1]]
    return {
        "reading JPEG": cpu_ms(lambda: read_image(jpeg), runs),
        "finder, default": cpu_ms(lambda: default.find(image), runs),
        "finder blazeface-fast": cpu_ms(lambda: fast.find(image), runs),
        "two crops and runs of the net": cpu_ms(lambda: detector.detect(image, [tight]), runs),
        "writing PNG": cpu_ms(lambda: write_picture(png, image), min(runs, 3)),
        "faces": len(found),
    }


def opening(runs: int) -> dict[str, float]:
    """CPU milliseconds of opening the nets and of a whole command."""
    folder = tempfile.TemporaryDirectory()
    # An installed facekp comes compiled: the first run, which does not count, does that for a checkout.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder.name}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def command() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        program = [sys.executable, "-m", "facekp_export.detect", str(demo_photo()), "--json"]
        subprocess.run(program, check=True, capture_output=True, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return 1e3 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    with folder:
        command()
        commands = [command() for _ in range(runs)]
    return {
        "opening BlazeFace": cpu_ms(lambda: open_finder("blazeface"), runs),
        "opening mdp-0.25x int8": cpu_ms(lambda: KeypointDetector.from_export(default_model()), runs),
        "facekp-detect photo": round(float(np.median(commands)), 1),
    }


app = new_app("around_the_net", "CPU time of what stands around the net.")


@app.command()
def main(
    out: Annotated[Path, typer.Option(help="JSON to add the figures to")],
    name: Annotated[str, typer.Option(help="the figures' key in the JSON")] = "after",
    runs: Annotated[int, typer.Option(min=1)] = 7,
) -> None:
    """Measure everything once."""
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        made: dict[str, Any] = {
            f"{width} x {height}": figures(photograph(width, height), Path(folder), runs)
            for width, height in SHAPES
        }
    made["opening"] = opening(runs)
    document = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
    write_json(out, document | {name: made})


if __name__ == "__main__":
    run(app)

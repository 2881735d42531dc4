"""Damages a model file in many ways and opens each; run as a program, since an engine may crash.

python hostile_models.py FILE CASES FOLDER prints a JSON line a case: how it was damaged, how opening
and one use of it ended (`used`, `refused`, `traceback`, or `signal N`), and what was said. Every case
is a process of its own, forked once the engines are imported; what a model does to the first, as to
the child of `facekp_train.common.guarded`, is no matter (`ended by signal N`): the second is the caller.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

_LONGEST_SECONDS = 60


def damaged(data: bytes, chance: random.Random) -> tuple[str, bytes]:
    """What was done, and the file's content after it."""
    spoiled = bytearray(data)
    kind = chance.choice(["cut", "flip", "zero", "head", "tail", "repeat"])
    start = chance.randrange(len(spoiled))
    if kind == "cut":
        del spoiled[start:]
    elif kind == "zero":
        length = min(chance.choice([4, 100, 5000]), len(spoiled) - start)
        spoiled[start : start + length] = bytes(length)
    elif kind == "repeat":
        spoiled[start:start] = spoiled[start : start + 100]
    else:
        places = {
            "flip": range(len(spoiled)),
            "head": range(min(4000, len(spoiled))),
            "tail": range(max(0, len(spoiled) - 20_000), len(spoiled)),
        }[kind]
        for _ in range(chance.choice([1, 10, 200])):
            spoiled[chance.choice(places)] = chance.randrange(256)
    return kind, bytes(spoiled)


def user_of(suffix: str) -> Callable[[Path], None]:
    """What opens such a file and uses it once."""
    if suffix == ".safetensors":
        from facekp_train.networks.checkpoint import load_checkpoint

        return lambda path: _answer(load_checkpoint(path).predict)
    if suffix == ".mat":
        from facekp_train.datasets.published.aflw_mat import load

        return lambda path: _ignored(load(path))
    for engine in ("ai_edge_litert.interpreter", "onnxruntime"):
        importlib.import_module(engine)
    from facekp_export.inference.runtimes import open_model

    return lambda path: _answer(open_model(path).predict)


def _ignored(_result: object) -> None:
    """What was read."""


def _answer(predict: Callable[[np.ndarray], np.ndarray]) -> None:
    predict(np.full((1, 128, 128, 3), 77, np.uint8))


def outcome(use: Callable[[Path], None], path: Path) -> tuple[str, str]:
    """How a use of the file ends in a child process, and its message."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        signal.alarm(_LONGEST_SECONDS)
        try:
            use(path)
            said = ("used", "")
        except (ValueError, OSError) as error:
            said = ("refused", str(error))
        except BaseException as error:
            said = ("traceback", repr(error))
        os.write(writer, json.dumps(said).encode()[:60_000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"signal {os.WTERMSIG(status)}", ""
    how, message = json.loads(said)
    return how, message


def main(file: str, cases: str, folder: str) -> None:
    """All cases of one file, the same every time."""
    data, path = Path(file).read_bytes(), Path(folder) / f"spoiled{Path(file).suffix}"
    use, look = user_of(path.suffix), None
    if path.suffix == ".mat":
        look = use
    elif path.suffix != ".safetensors":
        from facekp_export.inference.stranger import open_once as look
    for case in range(int(cases)):
        kind, content = damaged(data, random.Random(case))
        path.write_bytes(content)
        first = outcome(look, path)[0] if look else "used"
        how, message = (f"ended by {first}", "") if "signal" in first else outcome(use, path)
        print(json.dumps({"case": case, "damage": kind, "outcome": how, "message": message}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

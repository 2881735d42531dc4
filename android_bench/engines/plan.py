"""What is to be measured: files and folders, engines and threads, turned into a list of measurements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from android_bench.engines.engines import BY_SUFFIX, ENGINES, Engine, engine_of
from facekp_train.common.console import MOST_THREADS, UserError, require, warn
from facekp_train.common.files import refuse_streams, resolved
from facekp_train.common.shipped import EXPORT, shipped_names


@dataclass(frozen=True)
class Measurement:
    """One model file on one engine with one number of threads."""

    path: Path
    engine: Engine
    threads: int


def plan(
    paths: Iterable[Path | str],
    threads: Sequence[int] = (1,),
    runtimes: Sequence[str] | None = None,
    engines: Mapping[str, Engine] = ENGINES,
) -> list[Measurement]:
    """The measurements, by threads and then in the order of the files.

    A file that several engines run is measured on each; one named twice counts once.

    Args:
        paths: model files, or folders whose model files are all taken (not those of sub-folders).
        threads: numbers of threads, each from 1 to `MOST_THREADS`.
        runtimes: names in `engines`; None is all that are installed.
        engines: by name.

    Raises:
        OSError: for a pipe or a device.
        UserError: for a path that is missing, holds no model or has no engine.
        ValueError: for threads and runtimes that do not exist.
    """
    for count in threads:
        if not 1 <= count <= MOST_THREADS:
            raise ValueError(f"the number of threads must lie between 1 and {MOST_THREADS}, not {count}")
    for name in runtimes or ():
        if name not in engines:
            raise ValueError(f"there is no runtime '{name}'; choose from {', '.join(engines)}")
    wanted = [engines[name] for name in dict.fromkeys(runtimes or engines)]
    files = {
        resolved(file): file for path in paths for file in _model_files(Path(path), wanted, bool(runtimes))
    }
    pairs = [(file, engine) for file in files.values() for engine in _engines_for(file, wanted)]
    if not pairs:
        raise UserError(f"none of the files runs on {', '.join(engine.name for engine in wanted)}")
    return [Measurement(file, engine, count) for count in dict.fromkeys(threads) for file, engine in pairs]


def _model_files(path: Path, wanted: Sequence[Engine], by_name: bool) -> list[Path]:
    """Model files at the path. What lies in a folder is left out where its engine is missing, unless that was
    asked for by name; a checkpoint, which is no exported file, without a word."""
    if path.is_dir():
        models = sorted(
            file
            for file in path.iterdir()
            if engine_of(file) and not file.name.startswith(".") and not file.is_dir()
        )
        if not models:
            kinds = " or ".join(BY_SUFFIX)
            raise UserError(f"{path}: no {kinds} file in this folder; facekp-export --out {path} writes some")
        for file in models:
            refuse_streams(file)
        usable = [file for file in models if _usable(file, wanted, by_name)]
        left = [file.name for file in models if file not in usable and file.suffix.lower() == ".onnx"]
        if left and ENGINES["onnxruntime"] in wanted:
            warn(f"left out {', '.join(left)}: onnxruntime is missing; pip install 'facekp[onnx]'")
        return usable
    refuse_streams(path)
    if not path.exists():
        shipped = ", ".join(shipped_names(EXPORT))
        raise UserError(
            f"{path}: no such file or folder; give an exported file, a folder of some, or a shipped model by "
            f"name: {shipped}"
        )
    if engine_of(path) is None:
        raise UserError(f"{path}: a model file ends in {', '.join(BY_SUFFIX)}")
    return [path] if _usable(path, wanted, by_name=True) else []


def _usable(file: Path, wanted: Sequence[Engine], by_name: bool) -> bool:
    engines = _engines_for(file, wanted)
    for engine in engines:
        if not engine.installed and by_name:
            require(engine.extra, *engine.packages)
    return any(engine.installed for engine in engines)


def _engines_for(file: Path, wanted: Sequence[Engine]) -> list[Engine]:
    return [engine for engine in wanted if engine.suffix == file.suffix.lower()]

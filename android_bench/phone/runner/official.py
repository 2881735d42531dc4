"""The runner `official`: TensorFlow's or LiteRT's own `benchmark_model`, from a path or downloaded once.

Neither is in a package registry. Both are published as a single arm64 executable for Android that
is pushed and started like any other; TensorFlow's is described at
https://www.tensorflow.org/lite/performance/measurement#native_benchmark_binary, LiteRT's is built
from litert/tools of https://github.com/google-ai-edge/LiteRT. What they print is read by `output`.

A record of this runner has `runner` "official", no samples, no p90, no outliers and no parity; its
p50 and p95 are null where an old tool does not print them. It is valid when the tool ended well,
made the runs and the seconds that were asked for, and the delegate executed the whole model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from facekp_train.common.console import UserError, say
from facekp_train.common.downloads.transfer import transfer
from facekp_train.common.files import sha256_of, write_text, written_aside

Tool = Literal["tflite", "litert"]

URL = (
    "https://storage.googleapis.com/tensorflow-nightly-public/prod/tensorflow/release/lite/tools/nightly/"
    "latest/android_aarch64_benchmark_model"
)
"""TensorFlow's nightly build. It changes daily: to measure with the same one again, keep the file."""
_WAIT_SECONDS, _WHOLE_SECONDS = 20.0, 600.0
# The tools have 5 to 20 MB.
_MOST_BYTES = 200_000_000
_NOT_PINNED = "facekp: not pinned"
# The tool cannot pin itself. A phone that refuses (cores that are asleep, a cpuset) measures all the same.
# Android's cpusets cut a set silently to what they allow, so only what the kernel then reports is believed.
_PIN = f"""taskset -p "$0" $$ >/dev/null
granted=$(sed -n '/^Cpus_allowed:/{{s/^Cpus_allowed:[^0-9a-f]*//;s/,//g;s/^0*//;p;}}' /proc/$$/status)
[ "$granted" = "$0" ] || echo '{_NOT_PINNED}' >&2
exec "$@\""""
_AARCH64 = 183
"""e_machine of an arm64 program (ELF for the Arm 64-bit Architecture, table 4-1)."""


def command(
    program: str,
    model: str,
    *,
    tool: Tool,
    delegate: str,
    threads: int,
    min_runs: int,
    min_seconds: float,
    max_seconds: float,
    warmup: int,
    cpus: Sequence[int] = (),
) -> list[str]:
    """The call on the phone, unquoted. program, model: paths there. cpus: cores to pin it to.

    Profiling and memory reports stay off, since both change the times. The GPU may compute in half
    precision, as with our own runner; LiteRT's tool has no such switch that all of its releases know.
    Raises ValueError for a delegate that the tool does not have.
    """
    if tool == "litert" and delegate == "nnapi":
        raise ValueError(
            "LiteRT's benchmark_model has no NNAPI; give TensorFlow's with --benchmark-binary, "
            "or leave nnapi out of --delegate"
        )
    flags: dict[str, object] = {
        "graph": model,
        "num_threads": threads,
        "num_runs": min_runs,
        "min_secs": f"{min_seconds:g}",
        "max_secs": f"{max_seconds:g}",
        "warmup_runs": max(warmup, 1),
        "warmup_min_secs": 0,
        **_DELEGATES[tool, delegate],
    }
    # toybox's taskset takes a mask in hexadecimal, without a prefix.
    mask = f"{sum(1 << cpu for cpu in set(cpus)):x}"
    pin = ["sh", "-c", _PIN, mask] if cpus else []
    return [*pin, program, *(f"--{name}={value}" for name, value in flags.items())]


def pinned(stderr: str) -> bool:
    """Whether the phone let a call of `command` with `cpus` stay on them."""
    return _NOT_PINNED not in stderr


_DELEGATES: dict[tuple[Tool, str], dict[str, str]] = {
    ("tflite", "cpu"): {"use_xnnpack": "true"},
    ("tflite", "gpu"): {"use_gpu": "true", "gpu_precision_loss_allowed": "true"},
    ("tflite", "nnapi"): {"use_nnapi": "true"},
    ("litert", "cpu"): {"use_cpu": "true"},
    ("litert", "gpu"): {"use_gpu": "true"},
}


def tool_of(binary: Path) -> Tool:
    """Which of the two tools a file is. Raises UserError for what is no arm64 executable of theirs."""
    try:
        content = binary.read_bytes()
    except OSError as error:
        raise UserError(f"{binary} cannot be read ({error.strerror}); name a benchmark_model") from None
    return _check(content, str(binary))


def _check(content: bytes, name: str) -> Tool:
    # ELF, 64 bits, little-endian; e_machine stands in bytes 18 and 19.
    if content[:6] != b"\x7fELF\x02\x01" or int.from_bytes(content[18:20], "little") != _AARCH64:
        raise UserError(f"{name} is not an arm64 program; use the benchmark_model for Android arm64")
    if b"benchmark_litert_model" in content or b"dispatch_library_path" in content:
        return "litert"
    if b"warmup_min_secs" not in content:
        raise UserError(f"{name} is an arm64 program, but not the benchmark_model of TensorFlow or LiteRT")
    return "tflite"


def binary(source: str | None, folder: Path) -> Path:
    """The tool as a file of this machine.

    source: a path, an http(s) address, or None for `URL`. A download is kept in `folder`, for its whole
    address, and not repeated. Raises UserError where it cannot be had.
    """
    address = URL if source is None else source
    if urlsplit(address).scheme not in ("http", "https"):
        path = Path(address)
        if not path.is_file():
            raise UserError(f"{path}: no such file; --benchmark-binary takes a path or an address")
        return path
    # Dated addresses end in the same name.
    digest = hashlib.sha256(address.encode()).hexdigest()[:16]
    kept = folder / f"{Path(urlsplit(address).path).name or 'benchmark_model'}-{digest}"
    if not _kept(kept):
        _download(address, kept)
    return kept


def _kept(file: Path) -> bool:
    """Whether an earlier download lies there, and is what it was then."""
    if not file.is_file():
        return False
    recorded = _record_of(file)
    if recorded.is_file() and recorded.read_text(encoding="utf-8").strip() != sha256_of(file):
        raise UserError(
            f"{file} is no longer what was downloaded; remove it to download the tool again, or name a file "
            "with --benchmark-binary"
        )
    return True


def _record_of(file: Path) -> Path:
    """The file beside a download that holds its SHA-256."""
    return file.with_name(f"{file.name}.sha256")


def _download(address: str, target: Path) -> None:
    say(f"fetching {address}")
    try:
        with written_aside(target) as aside:
            stated = transfer(
                address,
                aside,
                most_bytes=_MOST_BYTES,
                answer_seconds=_WAIT_SECONDS,
                whole_seconds=_WHOLE_SECONDS,
            )
            size = aside.stat().st_size
            if size > _MOST_BYTES:
                raise ValueError(f"it has more than {_MOST_BYTES:,} bytes, more than any such tool")
            if stated is not None and size != stated:
                raise ValueError("the connection broke off")
            _check(aside.read_bytes(), address)  # a page of excuses must not stay in the folder
            write_text(_record_of(target), f"{sha256_of(aside)}\n")
    except (ValueError, TimeoutError, ConnectionError) as error:
        reason = str(error).removeprefix(f"{address}: ") or "the connection broke off or was too slow"
        raise UserError(
            f"the official tool could not be downloaded from {address} ({reason}); "
            "fetch it elsewhere and name the file with --benchmark-binary"
        ) from None

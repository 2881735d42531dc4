"""Documents of measurements, read back from files that may come from anywhere."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from android_bench.records.record import SCHEMA, Document, Record
from android_bench.timing import summarize
from facekp_train.common.console import UserError
from facekp_train.common.files import parse_json, read_bounded

LARGEST_BYTES = 256_000_000
"""Ten million samples. Whatever is larger is none of our documents, and would fill the memory."""
_ROUNDED = 1e-6
"""Share by which a statistic may differ from that of its samples: other programs print fewer digits."""


def read_document(path: Path, left_out: list[str] | None = None) -> list[Record]:
    """The records of one file that `--json` or `--out` wrote.

    Args:
        path: the file.
        left_out: takes a sentence on the records that are damaged; None: a file with such is refused.

    Raises:
        UserError: naming the file and the remedy, for a file that is missing, cut short, of another version,
            without a record that can be read, or not a document of measurements at all.
    """
    text = _text(path)
    try:
        content = parse_json(text, parse_constant=_refuse, object_pairs_hook=_object)
    except RecursionError:
        raise UserError(f"{path} is nested too deeply to be a document of facekp-bench") from None
    except ValueError as error:
        raise UserError(
            f"{path} is not JSON, or was cut short ({error}); "
            "name a file that facekp-bench --out wrote, or measure again"
        ) from None
    if not isinstance(content, dict) or not isinstance(version := content.get("schema"), str):
        raise UserError(
            f"{path} is not a document of facekp-bench; name a file that facekp-bench --out wrote"
        )
    if version != SCHEMA:
        raise UserError(
            f"{path} is of version {version[:60]!r}, and this facekp-bench reads {SCHEMA}; "
            "read it with the release that wrote it, or measure again"
        )
    own = content.get("records")
    if not isinstance(own, list) or isinstance(content, _Doubled) or set(content) != {"schema", "records"}:
        own = _frame_refused(path, text)
    records, damaged = _each(own)
    if damaged and (left_out is None or not records):
        raise UserError(f"{path}: {damaged[0]}")
    if not records:
        raise UserError(f"{path} holds no records; measure again")
    if damaged and left_out is not None:
        left_out.append(f"{path}: {len(damaged)} of its {len(own)} records, the first: {damaged[0]}")
    return records


def once(records: Iterable[Record]) -> list[Record]:
    """The records without those that another repeats to the letter: copies of one, and no second run."""
    return list({record.model_dump_json(): record for record in records}.values())


class _Doubled(dict[str, Any]):
    """An object that gives a field twice, so that nobody knows which one holds."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Doubled(found)


def _holds_doubled(value: Any) -> bool:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, _Doubled) or any(map(_holds_doubled, children))


def _frame_refused(path: Path, text: str) -> NoReturn:
    """Raise for a document whose fault is in none of its records."""
    try:
        Document.model_validate_json(text)
    except ValidationError as error:
        raise UserError(f"{path}: {_first_of(error)}") from None
    raise UserError(f"{path} gives a field twice; the file was changed, or another program wrote it")


def _each(own: list[Any]) -> tuple[list[Record], list[str]]:
    """The records that can be read, and why each other one cannot."""
    records, damaged = [], []
    for number, fields in enumerate(own):
        place = f"records[{number}]"
        try:
            # From text once more: pydantic's own reader refuses half a character, which nobody could print.
            records.append(Record.model_validate_json(json.dumps(fields)))
        except ValidationError as error:
            damaged.append(_first_of(error, place))
            continue
        fault = "gives a field twice" if _holds_doubled(fields) else _miscounted(records[-1])
        if fault:
            records.pop()
            damaged.append(f"'{place}' {fault}; the file was changed, or another program wrote it")
    return records, damaged


def _miscounted(record: Record) -> str | None:
    """Which statistic is not that of the record's own samples, in words; None where all are."""
    for prefix, samples in (("", record.samples_ms), ("cpu_", record.cpu_samples_ms)):
        for name, value in vars(summarize(samples)).items() if samples else ():
            stated = getattr(record, prefix + name, None)
            if stated is not None and not math.isclose(stated, value, rel_tol=_ROUNDED, abs_tol=_ROUNDED):
                return f"states {prefix}{name} {stated:.6g} and its samples give {value:.6g}"
    return None


@dataclass(frozen=True)
class Gathered:
    """The records of several files.

    Attributes:
        records: in the order of the files.
        sources: the file of each.
        notes: on what was left out.
    """

    records: list[Record]
    sources: list[Path]
    notes: list[str]


def read_all(paths: Iterable[Path]) -> Gathered:
    """The records of several files; one that stands in several, or a file that is named twice, counts once.

    Records that are damaged are left out. Raises as `read_document` does, before anything is shown.
    """
    records: dict[str, tuple[Record, Path]] = {}
    notes: list[str] = []
    for path in paths:
        left_out: list[str] = []
        read = read_document(path, left_out)
        own = {record.model_dump_json(): (record, path) for record in read}
        notes += [f"left out: {sentence}" for sentence in left_out]
        if copies := len(read) - len(own):
            notes.append(f"{path}: {copies} of its {len(read)} records stand there twice and count once")
        if doubled := len(own.keys() & records.keys()):
            notes.append(f"{path}: {doubled} of its {len(own)} records were read already and count once")
        records |= {text: entry for text, entry in own.items() if text not in records}
    return Gathered([record for record, _ in records.values()], [path for _, path in records.values()], notes)


def _text(path: Path) -> str:
    if path.is_dir():
        raise UserError(f"{path} is a folder; name the files in it, such as {path / '*.json'}")
    try:
        content = read_bounded(path, LARGEST_BYTES)
        if content is None:
            raise UserError(f"{path} is larger than any document of facekp-bench; was another file meant?")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not text; name a file that facekp-bench --out wrote") from None
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; facekp-bench --out FILE writes one") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number of JSON")


def _first_of(error: ValidationError, within: str = "") -> str:
    """Where and what the first contradiction is, without echoing what may be anything."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    place = f"{within}{place}"
    place = place.lstrip(".")[:200] or "the document"
    if first["type"] == "extra_forbidden":
        return f"{place!a} is not known to this release; read it with the release that wrote it"
    more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}{more}; the file was changed, or another program wrote it"

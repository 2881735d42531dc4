"""Documents of measurements, read back from files that may come from anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from pydantic import ValidationError

from android_bench.records.record import SCHEMA, Document, Record
from facekp_train.common.console import UserError
from facekp_train.common.files import parse_json

LARGEST_BYTES = 256_000_000
"""Ten million samples. Whatever is larger is none of our documents, and would fill the memory."""


def read_document(path: Path) -> list[Record]:
    """The records of one file that `--json` or `--out` wrote.

    Raises UserError, naming the file and the remedy, for a file that is missing, cut short, of another
    version, without a record, or not a document of measurements at all.
    """
    text = _text(path)
    try:
        content = parse_json(text, parse_constant=_refuse)
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
    try:
        # From the text once more: pydantic's own reader refuses half a character, which nobody could print.
        records = Document.model_validate_json(text).records
    except ValidationError as error:
        raise UserError(f"{path}: {_first_of(error)}") from None
    if not records:
        raise UserError(f"{path} holds no records; measure again")
    return records


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

    Raises as `read_document` does, before anything is shown.
    """
    records: dict[str, tuple[Record, Path]] = {}
    notes = []
    for path in paths:
        own = {record.model_dump_json(): (record, path) for record in read_document(path)}
        if doubled := len(own.keys() & records.keys()):
            notes.append(f"{path}: {doubled} of its {len(own)} records were read already and count once")
        records |= {text: entry for text, entry in own.items() if text not in records}
    return Gathered([record for record, _ in records.values()], [path for _, path in records.values()], notes)


def _text(path: Path) -> str:
    if path.is_dir():
        raise UserError(f"{path} is a folder; name the files in it, such as {path / '*.json'}")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise UserError(f"{path} is larger than any document of facekp-bench; was another file meant?")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not text; name a file that facekp-bench --out wrote") from None
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; facekp-bench --out FILE writes one") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number of JSON")


def _first_of(error: ValidationError) -> str:
    """Where and what the first contradiction is, without echoing what may be anything."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
    place = place.lstrip(".")[:200] or "the document"
    if first["type"] == "extra_forbidden":
        return f"{place!a} is not known to this release; read it with the release that wrote it"
    more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}{more}; the file was changed, or another program wrote it"

"""What a reader has to say beside the faces that it yields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from facekp_train.common.console import one_line, say

SHOWN, _NAMED = 10, 3


class DataError(ValueError):
    """A data set that is not what its name says, in one sentence with the remedy."""


@dataclass
class Notes:
    """What could not be used, and what a user should know about the rest.

    skipped: file (or file:line) and reason. warnings: sentences. With `strict`, the first thing
    that cannot be used raises DataError instead of being noted.
    """

    strict: bool = False
    skipped: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def skip(self, file: object, reason: object) -> None:
        """Note something that cannot be used; under `strict`, stop. A reason need not repeat the file."""
        reason = str(reason).removeprefix(f"{file}: ")
        if self.strict:
            raise DataError(f"{file}: {reason} (--strict stops here; without it this is skipped)")
        self.skipped.append({"file": str(file), "reason": reason})

    def warn(self, sentence: str) -> None:
        """Note something that a user should know."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def clear(self) -> None:
        """Forget everything, before another pass."""
        self.skipped.clear()
        self.warnings.clear()


def in_words(error: Exception) -> str:
    """Why an entry of a document cannot be used, of what reading it ended in."""
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return (
        str(error) if isinstance(error, ValueError | OSError) else "it is not of the form that it should have"
    )


def in_short(skipped: Sequence[Mapping[str, str]]) -> str:
    """How much was skipped and the first one's reason, to end a sentence; empty where nothing was."""
    if not skipped:
        return ""
    first = "{file}: {reason}".format(**skipped[0])
    return (
        f"; 1 was skipped, {first}"
        if len(skipped) == 1
        else f"; {len(skipped):,} were skipped, first {first}"
    )


def print_skipped(skipped: Sequence[Mapping[str, str]]) -> None:
    """Say on stderr how much was left out: every reason once, with the names of a few files."""
    if not skipped:
        return
    files_of: dict[str, list[str]] = {}
    for entry in skipped:
        files_of.setdefault(entry["reason"], []).append(entry["file"])
    lines = [f"{len(skipped):,} skipped:"]
    for reason, files in list(files_of.items())[:SHOWN]:
        if len(files) == 1:
            lines.append(f"  {files[0]}: {reason}")
            continue
        more = f" and {len(files) - _NAMED:,} more" if len(files) > _NAMED else ""
        lines.append(f"  {len(files):,} times {reason}: {', '.join(files[:_NAMED])}{more}")
    unnamed = sum(len(files) for files in list(files_of.values())[SHOWN:])
    if unnamed:
        lines.append(f"  ... and {unnamed:,} more for other reasons")
    named = sum(min(len(files), _NAMED) for files in list(files_of.values())[:SHOWN])
    if named < len(skipped):
        lines.append("  (all of them with --json)")
    say("\n".join(map(one_line, lines)))

"""What a reader has to say beside the faces that it yields."""

from __future__ import annotations

from dataclasses import dataclass, field


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

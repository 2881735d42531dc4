"""What every command of the toolkit shares: errors in one sentence, exit codes, where text goes.

Results go to stdout, progress and logs to stderr. Exit code 0 is success, 1 a failure, 2 wrong
usage; a traceback appears with `--debug` alone.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table

from facekp_train.common.files import says_full_disk
from facekp_train.common.interruption import ended_like_ctrl_c
from facekp_train.common.programs.classes import program_group
from facekp_train.common.programs.versions import opencv_wheels, why_no_opencv


class PlainConsole(Console):
    """Shows what a name holds, and obeys none of it: no emoji for `:word:`, no style, no escape code."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, emoji=False, markup=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """As `Console.render`, with control characters shown as what they are."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))

    def print(self, *objects: Any, **options: Any) -> None:
        """As `Console.print`; a table is as wide as its longest words, however narrow the terminal."""
        tables = [each for each in objects if isinstance(each, Table)]
        wide = self.options.update(width=_WIDEST)
        needed = max((Measurement.get(self, wide, table).minimum for table in tables), default=0)
        known = self.width
        if needed <= known:
            super().print(*objects, **options)
            return
        self.width = needed
        try:
            super().print(*objects, **options)
        finally:
            self.width = known


def visible(text: str) -> str:
    """Text whose control characters, but for ends of lines and tabs, are written out as `\\x1b`."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def plain(text: str) -> str:
    """Text that shows as it is anywhere: a record or a model may come from anyone, and so may its names."""
    return "".join(character if character.isprintable() else "?" for character in text)


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    for character in "\\|`*_<>[]":
        text = text.replace(character, f"\\{character}")
    return plain(" ".join(text.split()))


def one_line(text: str) -> str:
    """Text whose ends of lines are written out, too."""
    return text.replace("\r", "\\r").replace("\n", "\\n")


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_WIDEST = 10_000

err = PlainConsole(stderr=True)
"""For people: progress, steps, warnings."""
out = PlainConsole()
"""For results: tables on stdout."""
if not out.is_terminal:
    # Rich takes a pipe or a file for 80 columns wide and would fold names; neither has an edge.
    out.width = 1000

MOST_THREADS = 1024
"""Threads of a model: more take the numbers of processes that other programs need."""
_INTERRUPTED = 130

# New versions of typer carry their own copy of click, so the base of all wrong usage is found through a name
# that both have: BadParameter's parent is UsageError.
_UsageError: Any = typer.BadParameter.__base__


class UserError(Exception):
    """Something that the user can mend, said in one sentence with the remedy. Exit code 1."""


def say(text: str) -> None:
    """Text for people on stderr, as it stands: brackets are no markup, and no name is folded."""
    err.print(visible(text), markup=False, soft_wrap=True)


def warn(text: str) -> None:
    """A warning on stderr, in one line: a name of several could pretend to be another's words."""
    say(f"warning: {one_line(text)}")


def print_line(text: str) -> None:
    """Text of a result on stdout, as it stands."""
    out.print(visible(text), markup=False, soft_wrap=True)


def print_json(document: Any) -> None:
    """One JSON document on stdout; NaN is refused (ValueError), since JSON has none."""
    text = json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False)
    # JSON escapes what is below a blank by itself; the rest of what terminals obey stands in strings alone.
    text = _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # a terminal of few characters, or a file's name that is no text
        text = json.dumps(document, indent=2, allow_nan=False)
    print(text)


def require(extra: str, *modules: str) -> None:
    """Raise UserError naming the extra to install when one of its modules is missing."""
    missing = [m for m in modules if importlib.util.find_spec(m) is None]
    if missing:
        raise UserError(
            f"this command needs {', '.join(missing)}; install it with: pip install 'facekp[{extra}]'"
        )


def new_app(name: str, help_text: str, packages: Sequence[str] = ()) -> typer.Typer:
    """A command group that prints its help when called bare and knows shell completion.

    packages: whose versions `--version` prints beside facekp's own.
    """
    return typer.Typer(
        name=name, help=help_text, no_args_is_help=True, rich_markup_mode=None, cls=program_group(packages),
        pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip


def run(app: typer.Typer, arguments: Sequence[str] | None = None) -> None:
    """Run a command group as a program: never returns, exits with 0, 1, 2 or 130.

    SIGTERM and SIGHUP end it as Ctrl-C does, with 143 and 129.
    `--debug` anywhere on the line shows the traceback of a failure.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    # An image that cannot be read is named by us; OpenCV's own lines would stand in the progress bar.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    words = [w for w in words if w != "--debug"]
    _open_what_is_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that this terminal cannot show must not lose the work.
        sys.stdout.reconfigure(errors="backslashreplace")
    _warn_of_two_opencvs()
    with ended_like_ctrl_c() as signals:
        _exit_of(app, words, debug, signals)


def _warn_of_two_opencvs() -> None:
    wheels = opencv_wheels()
    if len(wheels) > 1:
        warn(
            f"{' and '.join(wheels)} are installed, and each has written its cv2 over the other's; keep one: "
            f"pip uninstall -y {' '.join(wheels)} && pip install '{wheels[0]}<5'"
        )


def _exit_of(app: typer.Typer, words: list[str], debug: bool, signals: Sequence[int]) -> NoReturn:
    """Run it and exit, with a sentence where it fails. signals: those that came until then."""
    try:
        _refuse_empty(words)
        code = app(args=words, standalone_mode=False)
        if code == _INTERRUPTED:  # typer turns Ctrl-C into this code, without a word
            raise KeyboardInterrupt
        sys.exit(code if isinstance(code, int) else 0)
    except typer.Abort:
        say("interrupted")
        sys.exit(_INTERRUPTED)
    except _UsageError as error:
        error.message = visible(error.message.replace("Value error, ", ""))  # pydantic's, within typer
        error.show(file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        sentence = None if debug else _sentence_of(error)
        if sentence is None and (debug or not signals):
            raise
        # A library that is interrupted while it is imported says that it cannot be.
        say("interrupted" if sentence is None else f"error: {sentence}")
        sys.exit(_INTERRUPTED if sentence is None else 1)


def _refuse_empty(words: Sequence[str]) -> None:
    """Raise wrong usage for a word of no letters, which as a path would be the folder that one stands in."""
    for before, word in zip(["", *words], words, strict=False):
        if word == "" or re.fullmatch("--[^=]+=", word):
            place = word[:-1] or (before if before.startswith("-") else "the line")
            raise typer.BadParameter(
                f"a value on {place} is empty, as one of an unset variable is; give one, or leave it out"
            )


def _sentence_of(error: Exception) -> str | None:
    """An error in one line; None for one that no user can mend."""
    if isinstance(error, ImportError):
        return why_no_opencv(error)
    # A sentence for the user may speak of another disk, a phone's, and has its remedy.
    if not isinstance(error, UserError) and says_full_disk(error):
        return "the disk is full; free some space, or write elsewhere"
    return _line_of(error) if isinstance(error, (UserError, ValueError, OSError, MemoryError)) else None


def _line_of(error: Exception) -> str:
    """An error in one line; the system's own by file and reason, without its number."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        if error.filename is None and _folder_is_gone():
            return "the folder that you work in is gone; change to one that is there"
        text = error.strerror if error.filename is None else f"{error.filename}: {error.strerror}"
    return " ".join(text.split()) or type(error).__name__


def _folder_is_gone() -> bool:
    try:
        Path.cwd()
    except OSError:
        return True
    return False


def _open_what_is_closed() -> None:
    """Services and launchers close the standard streams; whatever is opened next would take their place."""
    for number in range(3):
        if not _is_open(number):
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
            setattr(sys, name, nowhere)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def faces_in_words(count: int) -> str:
    """A number of faces for a sentence."""
    return "1 face" if count == 1 else f"{count:,} faces"

"""What a checkpoint's header and a model file's metadata say in one and the same form, and read alike.

Readers take what JSON held and raise ValueError, in one sentence, for anything else. Imports neither
torch nor tensorflow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from facekp_train.landmarks import Scheme

LONGEST = 256 * 1024
"""Bytes of the longest document; a scheme of a thousand named points takes about 60 kB of them."""

Number = Literal["uint8", "int8", "float32"]
FiveOffset = tuple[tuple[float, float], ...]
"""Five pairs: how far from the five that a scheme's keypoints imply hand-placed ones lie.

To the right and down in the face's own frame (`facekp_train.pose.face_frame`), in eye distances.
"""

# Hand and machine disagree by some hundredths of the eye distance; a whole one is another point.
_LARGEST_OFFSET = 1.0
_LONGEST_LICENCE, _BETWEEN = 2000, "; "

_UNTRAINED = "(untrained)"


def untrained_name(name: str) -> str:
    """A model's name that says that its weights are random."""
    return name if name.endswith(_UNTRAINED) else f"{name} {_UNTRAINED}"


def is_untrained_name(name: str | None) -> bool:
    """Whether a model's name says so."""
    return name is not None and name.endswith(_UNTRAINED)


@dataclass(frozen=True)
class ModelInput:
    """The RGB crop that a model takes: its numbers and its side in pixels.

    uint8 and float32 hold the raw bytes 0 to 255, int8 the raw bytes less 128.
    """

    type: Number
    side: int

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {"type": self.type, "side": self.side}

    @classmethod
    def from_dict(cls, data: object) -> ModelInput:
        """The input that a file states; its side still has to be that of the file's crop rule."""
        if not isinstance(data, dict) or set(data) != {"type", "side"}:
            raise ValueError("a model's input consists of type and side")
        if data["type"] not in get_args(Number) or type(data["side"]) is not int:
            raise ValueError(f"a model's input is {', '.join(get_args(Number))}, and its side whole pixels")
        return cls(cast(Number, data["type"]), data["side"])


def read_five_offset(value: object, scheme: Scheme) -> FiveOffset | None:
    """The offset [5, 2] of the five that a scheme's keypoints imply; None where a file has none."""
    if value is None:
        return None
    if scheme.five is None:
        raise ValueError(f"five_offset is given, but scheme '{scheme.name}' has no map to five points")
    pairs = value if isinstance(value, list | tuple) else []
    if len(pairs) != 5 or not all(_is_shift(pair) for pair in pairs):
        raise ValueError("five_offset is not five pairs of numbers within one eye distance")
    return tuple((float(right), float(down)) for right, down in pairs)


def _is_shift(pair: object) -> bool:
    return (
        isinstance(pair, list | tuple)
        and len(pair) == 2
        and all(type(v) in (int, float) and abs(v) <= _LARGEST_OFFSET for v in pair)
    )


def read_licence(value: object) -> str | None:
    """The licence of a model's weights, as text; None where a file names none."""
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_LICENCE:
        raise ValueError(f"weights_licence is not a text of 1 to {_LONGEST_LICENCE} characters")
    return value


def joined_licence(licences: Iterable[str | None]) -> str | None:
    """Several terms as one text, none of them twice; None where there is none."""
    # Whole terms alone are the same: one that stands within another sentence may mean its contrary there.
    apart = dict.fromkeys(term for text in licences if text for term in text.split(_BETWEEN))
    return _BETWEEN.join(apart) or None


def one_line_licence(value: str | None) -> str | None:
    """Terms that somebody states. Raises ValueError for what is no single line of text."""
    text = read_licence(value)
    if text is not None and not text.isprintable():
        raise ValueError("weights_licence is not one line of plain text")
    return text and text.strip()


def refuse_longer(document: str, what: str) -> None:
    """Raise ValueError, with the document's name `what`, beyond LONGEST bytes."""
    if (size := len(document.encode("utf-8", "surrogatepass"))) > LONGEST:
        raise ValueError(f"{what} is {size:,} bytes long; {LONGEST:,} are allowed")

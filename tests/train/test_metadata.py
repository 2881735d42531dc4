"""What header and model files say alike is read alike, and strictly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facekp_train.landmarks import scheme_of
from facekp_train.metadata import LONGEST, ModelInput, read_five_offset, read_licence, refuse_longer
from tests.support.files.schemes import MOUTH

PAIRS = [[0.01, -0.02], [0, 0], [0.5, 1], [-1, 0.25], [0.0, 0.1]]


def test_an_offset_is_five_pairs_or_nothing() -> None:
    assert read_five_offset(PAIRS, scheme_of(68)) == tuple(map(tuple, PAIRS))
    assert read_five_offset(None, scheme_of(68)) is None
    assert read_five_offset(None, MOUTH) is None


@pytest.mark.parametrize(
    "value",
    [
        0, "", {}, PAIRS[:4], [*PAIRS, [0, 0]], [*PAIRS[:4], [0]], [*PAIRS[:4], [0, 0, 0]],
        [*PAIRS[:4], [0, True]], [*PAIRS[:4], [0, "0"]], [*PAIRS[:4], [0, None]], [*PAIRS[:4], [0, 1.01]],
        [*PAIRS[:4], [0, float("nan")]], [*PAIRS[:4], [0, float("inf")]], [*PAIRS[:4], [0, 10**400]],
    ],
)  # fmt: skip
def test_another_offset_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="not five pairs"):
        read_five_offset(value, scheme_of(68))


def test_an_offset_needs_a_map_to_the_five() -> None:
    with pytest.raises(ValueError, match="'mouth-5' has no map"):
        read_five_offset(PAIRS, MOUTH)
    mapped = replace(MOUTH, five=((0,), (1,), (2,), (3,), (4,)))
    assert read_five_offset(PAIRS, mapped) is not None


def test_a_licence_is_text_of_some_length() -> None:
    assert read_licence(None) is None
    assert read_licence("Research only") == "Research only"
    for value in ("", " \n", 5, ["MIT"], "x" * 2001):
        with pytest.raises(ValueError, match="weights_licence is not a text"):
            read_licence(value)


def test_an_input_has_a_known_type_and_a_side() -> None:
    for kind in ("uint8", "int8", "float32"):
        given = ModelInput.from_dict({"type": kind, "side": 96})
        assert ModelInput.from_dict(given.as_dict()) == given
    for value in (
        None, [], {}, {"type": "int8"}, {"type": "int16", "side": 96}, {"type": 5, "side": 96},
        {"type": [], "side": 96}, {"type": "int8", "side": 96.0}, {"type": "int8", "side": True},
        {"type": "int8", "side": 96, "more": 1},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="a model's input"):
            ModelInput.from_dict(value)


def test_a_document_has_a_longest_length_in_bytes() -> None:
    refuse_longer("ä" * (LONGEST // 2), "it")
    with pytest.raises(ValueError, match="it is 262,146 bytes long; 262,144 are allowed"):
        refuse_longer("ä" * (LONGEST // 2 + 1), "it")

"""What travels inside a model file survives the trip, and a hostile file is refused in one sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facekp_export.inference.flatbuffer import read_model, write_model
from facekp_export.inference.metadata import KEY, ModelInfo, onnx_with_info, read_info, tflite_with_info
from facekp_export.inference.runtimes import open_runtime
from facekp_train.boxes import box_mappings
from facekp_train.crop import CropRule
from facekp_train.schemes import Scheme
from tests.support.files.schemes import schemes
from tests.support.models.model_info import INFO
from tests.support.models.tiny_models import tiny_onnx, tiny_tflite


def changed(**changes: Any) -> str:
    return json.dumps({**json.loads(INFO.to_json()), **changes})


def without(key: str) -> str:
    document = json.loads(INFO.to_json())
    del document[key]
    return json.dumps(document)


def as_schema_1(**changes: Any) -> str:
    """The document as files of schema 1 hold it."""
    document = json.loads(INFO.to_json())
    for key in ("input", "five_offset", "weights_licence"):
        del document[key]
    return json.dumps({**document, "schema": 1, "scheme": INFO.scheme.name, **changes})


def test_the_document_survives_the_trip() -> None:
    assert ModelInfo.from_json(INFO.to_json()) == INFO
    assert INFO.scheme.name == "ibug68"


@given(
    schemes().filter(lambda scheme: scheme.five is not None),
    st.none() | st.lists(st.tuples(*[st.floats(-1, 1)] * 2), min_size=5, max_size=5).map(tuple),
    st.none() | st.text(st.characters(codec="utf-8"), min_size=1).filter(str.strip),
    st.sampled_from([None, "uint8", "int8", "float32"]),
    st.none() | st.floats(0, 1, exclude_min=True),
)
def test_any_document_survives_the_trip(scheme, offset, licence, given_type, scale) -> None:
    more = {
        "five_offset": offset,
        "weights_licence": licence,
        "input_type": given_type,
        "confidence_scale": scale,
    }
    info = replace(INFO, scheme=scheme, **more)
    assert ModelInfo.from_json(info.to_json()) == info
    assert json.loads(info.to_json())["points"] == scheme.points


def test_a_document_of_schema_1_reads_as_before() -> None:
    read = ModelInfo.from_json(as_schema_1())
    assert read == replace(INFO, input_type=None, weights_licence=None)
    assert ModelInfo.from_json(as_schema_1(scheme="five")).scheme == INFO.scheme, "the count says which"


def test_a_document_that_says_nothing_of_confidence_reads_as_before() -> None:
    assert ModelInfo.from_json(without("confidence")) == INFO


def test_the_longest_scheme_fits_and_a_longer_document_is_not_written() -> None:
    names = tuple(f"{place:064}" for place in range(1000))
    longest = Scheme("x" * 64, names, tuple(range(1000)), {}, lines=((999, 998),) * 5000)
    info = replace(INFO, scheme=longest)
    assert ModelInfo.from_json(info.to_json()) == info
    wide = replace(longest, names=tuple("\U0001f600" * 60 + str(place) for place in range(1000)))
    with pytest.raises(ValueError, match="bytes long; 262,144 are allowed"):
        replace(INFO, scheme=wide).to_json()


def box(**values: object) -> dict[str, Any]:
    return {"boxes": {"mtfl": {**box_mappings()["mtfl"].as_dict(), **values}}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not valid JSON"),
        ("[1]", "not a JSON object"),
        ("[" * 60_000, "not valid JSON"),
        ('{"schema": NaN}', "not valid JSON"),
        (" " * 300_000 + "{}", "bytes long"),
        ("{}", "schema None"),
        (changed(schema=3), "schema 3 .* upgrade facekp"),
        (changed(schema=True), "upgrade facekp"),
        (changed(schema=1.0), "upgrade facekp"),
        (changed(schema=[[0] * 99]), "upgrade facekp"),
        (changed(points="68"), "'points'"),
        (changed(points=True), "'points'"),
        (changed(points=67), "another number"),
        (as_schema_1(points=67), "no landmark scheme"),
        (changed(scheme="ibug68"), "consists of"),
        (changed(scheme={**INFO.scheme.as_dict(), "flip": list(range(67))}), "flip order"),
        (changed(scheme={**INFO.scheme.as_dict(), "box_source": "unheard-of"}), "'unheard-of'"),
        (changed(input={"type": "int16", "side": 96}), "a model's input"),
        (changed(input={"type": "int8", "side": 128}), "its crops 96"),
        (changed(five_offset=[[0, 0]]), "five pairs"),
        (changed(weights_licence=7), "weights_licence"),
        (changed(confidence=0.02), "malformed: confidence"),
        (changed(confidence={"scale": 0}), "malformed: confidence"),
        (without("input"), "lacks input"),
        (without("five_offset"), "lacks five_offset"),
        (without("weights_licence"), "lacks weights_licence"),
        (without("scheme"), "consists of"),
        (changed(kind="exe"), "unknown kind"),
        (changed(name=None), "'name'"),
        (changed(checkpoint_sha256="../../x"), "SHA-256"),
        (changed(crop={}), "crop rule"),
        (changed(crop={**CropRule().as_dict(), "size": 10**9}), "out of range"),
        (changed(boxes=[]), "'boxes'"),
        (changed(boxes={"mtfl": {}}), "incomplete"),
        (changed(**box(scale=0)), "out of range"),
        (changed(**box(dx=1e9)), "'dx'"),
        (changed(**box(sd_dy=None)), "'sd_dy'"),
        (changed(**box(n="many")), "out of range"),
        (without("source"), "'source'"),
        (without("crop"), "'crop'"),
    ],
)  # fmt: skip
def test_a_hostile_document_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        ModelInfo.from_json(text)
    assert len(str(caught.value)) < 300


def test_a_tflite_file_carries_it_and_computes_the_same(tmp_path: Path) -> None:
    plain = tiny_tflite(tmp_path / "plain.tflite", constant=2.5)
    stamped = tmp_path / "stamped.tflite"
    stamped.write_bytes(tflite_with_info(plain.read_bytes(), INFO))
    assert read_info(stamped) == INFO
    assert read_info(plain) is None
    runtime = open_runtime(stamped)
    runtime.set_inputs([np.ones((1, 64), np.float32)])
    runtime.invoke()
    assert np.array_equal(runtime.results()[0], np.full((1, 64), 3.5, np.float32))


def test_a_second_document_takes_the_first_ones_place(tmp_path: Path) -> None:
    once = tflite_with_info(tiny_tflite(tmp_path / "a.tflite").read_bytes(), INFO)
    other = ModelInfo(**{**vars(INFO), "name": "other", "kind": "float16"})
    twice = tmp_path / "b.tflite"
    twice.write_bytes(tflite_with_info(once, other))
    assert read_info(twice) == other
    assert [entry.name for entry in read_model(twice.read_bytes()).metadata] == [KEY.encode()]


def test_weights_stay_aligned_for_the_kernels(tmp_path: Path) -> None:
    from ai_edge_litert.schema_py_generated import Model

    data = tflite_with_info(tiny_tflite(tmp_path / "a.tflite", (1, 63), constant=1).read_bytes(), INFO)
    model = Model.GetRootAs(data)
    tables = [model.Buffers(i) for i in range(model.BuffersLength())]
    starts = [t._tab.Vector(t._tab.Offset(4)) for t in tables if t is not None and not t.DataIsNone()]
    assert len(starts) == 2 and all(start % 16 == 0 for start in starts)


def test_an_onnx_file_carries_it_beside_other_entries(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    path = tiny_onnx(tmp_path / "a.onnx")
    assert read_info(path) is None
    model = onnx.load(str(path))
    model.metadata_props.add(key="licence", value="mine")
    onnx.save(onnx_with_info(onnx_with_info(model, INFO), INFO), str(path))
    assert read_info(path) == INFO
    assert sorted(p.key for p in onnx.load(str(path)).metadata_props) == [KEY, "licence"]


def stamped_bytes(folder: Path) -> bytes:
    return tflite_with_info(tiny_tflite(folder / "whole.tflite").read_bytes(), INFO)


def test_a_file_cut_short_is_refused_at_every_length(tmp_path: Path) -> None:
    data = stamped_bytes(tmp_path)
    path = tmp_path / "cut.tflite"
    for length in range(0, len(data) - 64, 13):
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match=r"cut\.tflite"):
            open_runtime(path)


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12))
def test_changed_bytes_give_a_document_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, int]]
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    data = bytearray(stamped_bytes(folder))
    for place, value in changes:
        data[int(place * len(data))] = value
    path = folder / "changed.tflite"
    path.write_bytes(bytes(data))
    try:
        info = read_info(path)
    except ValueError as error:
        assert "changed.tflite" in str(error)
    else:
        assert info is None or isinstance(info, ModelInfo)


def test_a_document_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    model = read_model(stamped_bytes(tmp_path))
    model.buffers[model.metadata[-1].buffer].data = np.full(1 << 20, ord(" "), np.uint8)
    path = tmp_path / "large.tflite"
    path.write_bytes(write_model(model))
    with pytest.raises(ValueError, match=r"large\.tflite: its metadata"):
        read_info(path)


def test_files_that_are_no_models(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.onnx"
    garbage.write_bytes(b"not a model" * 40)
    with pytest.raises(ValueError, match="damaged, cut short, or not an ONNX file"):
        read_info(garbage)
    with pytest.raises(ValueError, match="ends in"):
        read_info(tmp_path / "model.pt")
    with pytest.raises(OSError, match="no such file"):
        read_info(tmp_path / "absent.tflite")

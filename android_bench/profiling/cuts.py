"""A .tflite file cut after one of its operators: a shorter list of them, and other outputs."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from facekp_export.inference.flatbuffer import TfliteModel, write_model
from facekp_export.inference.layers import fixed_tensors


def cut_after(model: TfliteModel, count: int) -> bytes:
    """The content of a file with the first operators alone; `model` stays as it is.

    Its outputs are all tensors that the rest of the model would have read, so that no runtime leaves out the
    work for one of them. What rests on constants stays where it is needed.

    Args:
        model: as `flatbuffer.read_model` gives it.
        count: of operators in the main graph's order, from 0: the file then hands its inputs on.
    """
    cut = copy.copy(model)
    graph = copy.copy(model.subgraphs[0])
    nodes = list(graph.operators or ())
    outputs = _outputs(model, nodes[:count], nodes[count:])
    graph.operators = _needed(nodes[:count], outputs, fixed_tensors(model))
    graph.outputs = outputs
    cut.subgraphs = [graph, *model.subgraphs[1:]]
    # Signatures name the outputs that the file no longer has, metadata say what it no longer is.
    cut.signatureDefs = cut.metadata = cut.metadataBuffer = None
    cut.buffers = _used_buffers(cut)
    return write_model(cut)


def _outputs(model: TfliteModel, first: list[Any], rest: list[Any]) -> list[int]:
    graph = model.subgraphs[0]
    made = {int(tensor) for tensor in graph.inputs} | set(_tensors(first, "outputs"))
    read = {int(tensor) for tensor in graph.outputs} | set(_tensors(rest, "inputs"))
    live = (made & read) - fixed_tensors(model)
    # What nobody reads is made all the same.
    return sorted(live | set(_tensors(first[-1:], "outputs")))


def _needed(nodes: list[Any], outputs: Iterable[int], fixed: set[int]) -> list[Any]:
    """Without the operators that prepare constants for later ones."""
    read, kept = set(outputs), []
    for node in reversed(nodes):
        made = set(_tensors([node], "outputs"))
        if made <= fixed and not made & read:
            continue
        read |= set(_tensors([node], "inputs"))
        kept.append(node)
    return kept[::-1]


def _used_buffers(model: TfliteModel) -> list[Any]:
    """The model's buffers, those of no operator emptied: a file of few operators is small."""
    from ai_edge_litert.schema_py_generated import BufferT

    main = model.subgraphs[0]
    used = {
        *_tensors(main.operators, "inputs"),
        *_tensors(main.operators, "outputs"),
        *main.outputs,
        *main.inputs,
    }
    buffers = {int(main.tensors[tensor].buffer) for tensor in used}
    buffers |= {int(tensor.buffer) for graph in model.subgraphs[1:] for tensor in graph.tensors}
    return [buffer if number in buffers else BufferT() for number, buffer in enumerate(model.buffers)]


def _tensors(nodes: Iterable[Any], side: str) -> list[int]:
    """Numbers of the tensors on one side of operators, without optional ones that are not given."""
    lists = [getattr(node, side) for node in nodes]
    return [int(tensor) for numbers in lists if numbers is not None for tensor in numbers if tensor >= 0]

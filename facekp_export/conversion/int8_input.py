"""A uint8 TFLite file that takes int8 instead: its first operator, QUANTIZE, only flips each byte's top bit.

It has no kernel in XNNPACK; whoever cuts the crop writes the bytes anyway and may flip them then.
"""

from __future__ import annotations

from facekp_export.inference.flatbuffer import operator_name, read_model, write_model


def with_int8_input(content: bytes) -> bytes:
    """The same file without its first operator.

    Args:
        content: of a file that takes uint8.

    Returns:
        Content that takes int8, `raw ^ 0x80`, and answers the same, bit for bit.

    Raises:
        ValueError: where the file does not begin with a QUANTIZE from uint8 to int8 of the same steps.
    """
    model = read_model(content)
    graph = model.subgraphs[0]
    first = graph.operators[0]
    old, new = (graph.tensors[place] for place in (graph.inputs[0], first.outputs[0]))
    readers = [node for node in graph.operators if graph.inputs[0] in list(node.inputs)]
    flips = (
        operator_name(model, first) == "QUANTIZE"
        and readers == [first]
        and list(old.quantization.scale) == list(new.quantization.scale)
        and old.quantization.zeroPoint[0] - new.quantization.zeroPoint[0] == 128
    )
    if not flips:
        raise ValueError("the file does not begin with a plain QUANTIZE from uint8, so it keeps its input")
    graph.inputs = [first.outputs[0]]
    new.name, old.name = old.name, f"{bytes(old.name).decode()}.uint8"
    del graph.operators[0]
    for signature in model.signatureDefs or ():
        for entry in signature.inputs:
            entry.tensorIndex = graph.inputs[0]
    return write_model(model)

"""PyTorch to ONNX: the deployed graph, simplified, its nodes named after the net's layers."""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, Any

from facekp_export.conversion.tidy import tidy
from facekp_export.quantization.onnx_graph import INPUT, OUTPUT
from facekp_train.common.console import UserError

if TYPE_CHECKING:
    import onnx
    import torch

OPSET = 18
# The version that came with opset 18; the exporter claims a newer one, which onnxruntime < 1.18 refuses.
_IR_VERSION = 8
_SCOPES = "pkg.torch.onnx.name_scopes"


def to_onnx(net: torch.nn.Module, size: int) -> onnx.ModelProto:
    """A deployed net (float32 [1, 3, S, S] -> [1, 2N]) as an ONNX model.

    Raises UserError naming the layer that cannot be expressed in ONNX.
    """
    import onnxsim
    import torch

    net.eval()
    crop = torch.zeros(1, 3, size, size)
    try:
        model = _export(net, (crop,))
    except Exception as error:  # torch raises whatever it met on its way
        raise UserError(_explained(net, crop, error)) from error
    for node, name in zip(model.graph.node, _layer_names(model), strict=True):
        node.name = name
    simplified, equal = onnxsim.simplify(model)
    if not equal:
        raise UserError("onnxsim changed what the model computes; this backbone cannot be exported yet")
    simplified.ir_version = _IR_VERSION
    tidy(simplified.graph)
    return simplified


def _export(module: torch.nn.Module, inputs: tuple[Any, ...]) -> onnx.ModelProto:
    import torch

    program = torch.onnx.export(
        module, inputs, dynamo=True, opset_version=OPSET, external_data=False,
        input_names=[INPUT], output_names=[OUTPUT], verbose=False,
    )  # fmt: skip
    assert program is not None
    return program.model_proto


def _layer_names(model: onnx.ModelProto) -> list[str]:
    """A unique name for each node: the layer that it comes from, then its operator."""
    uses: Counter[str] = Counter()
    names = []
    for node in model.graph.node:
        scopes = next((ast.literal_eval(p.value) for p in node.metadata_props if p.key == _SCOPES), [""])
        # The last scope is the operation itself.
        layer = scopes[-2] if len(scopes) > 1 else ""
        name = f"{layer}/{node.op_type}"
        uses[name] += 1
        names.append(name if uses[name] == 1 else f"{name}_{uses[name]}")
    return names


def _explained(net: torch.nn.Module, crop: torch.Tensor, error: Exception) -> str:
    """One sentence on a failed export: the smallest layer that fails by itself, and torch's reason."""
    while error.__cause__ is not None:
        error = error.__cause__  # type: ignore[assignment]
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    layer = _failing_layer(net, crop)
    named = f"the layer '{layer}' ({type(net.get_submodule(layer)).__name__})" if layer else "the net"
    return f"{named} cannot be exported to ONNX: {reason}; build it from operations that ONNX has"


def _failing_layer(net: torch.nn.Module, crop: torch.Tensor) -> str:
    """Export layers one by one, the innermost first and one of each type, until one fails."""
    import torch

    inputs: dict[str, tuple[Any, ...]] = {}
    hooks = [
        layer.register_forward_pre_hook(lambda _, given, name=name: inputs.setdefault(name, given) and None)
        for name, layer in net.named_modules()
        if name
    ]
    try:
        with torch.no_grad():
            net(crop)
    except Exception:  # it does not even run: the layer entered last is at fault
        return list(inputs)[-1] if inputs else ""
    finally:
        for hook in hooks:
            hook.remove()
    tried: set[type] = set()
    for name in sorted(inputs, key=lambda name: -name.count(".")):
        layer = net.get_submodule(name)
        if type(layer) in tried and not isinstance(layer, torch.nn.Sequential):
            continue
        tried.add(type(layer))
        try:
            _export(layer, inputs[name])
        except Exception:  # as above
            return name
    return ""

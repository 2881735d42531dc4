"""PyTorch to ONNX: the deployed graph, simplified, its nodes named after the net's layers."""

from __future__ import annotations

import io
import warnings
from collections import Counter
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from facekp_export.conversion.fold import fold_batch_norms
from facekp_export.conversion.tidy import tidy
from facekp_export.quantization.onnx_graph import INPUT, OUTPUT
from facekp_train.common.console import UserError

if TYPE_CHECKING:
    import onnx
    import torch

OPSET = 18
# The version that came with opset 18; onnxruntime < 1.18 refuses a newer one.
_IR_VERSION = 8


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
    _name(model.graph)
    fold_batch_norms(model.graph)
    simplified, equal = onnxsim.simplify(model)
    if not equal:
        raise UserError("onnxsim changed what the model computes; this backbone cannot be exported yet")
    simplified.ir_version = _IR_VERSION
    tidy(simplified.graph)
    return simplified


def _export(module: torch.nn.Module, inputs: tuple[Any, ...]) -> onnx.ModelProto:
    """The graph of one forward pass.

    From TorchScript's exporter: the one of torch.export takes ten times as long, for the same graph. The
    normalizations stay, since its own way to fold them rounds otherwise and leaves those of dense layers.
    """
    import onnx
    import torch

    from facekp_export.conversion.fixed_sides import FixedSides

    content = io.BytesIO()
    with warnings.catch_warnings(), FixedSides():
        warnings.simplefilter("ignore")  # of what stays constant, which verification holds it to
        torch.onnx.export(
            module, inputs, content, dynamo=False, opset_version=OPSET,  # type: ignore[arg-type]
            training=torch.onnx.TrainingMode.PRESERVE, input_names=[INPUT], output_names=[OUTPUT],
        )  # fmt: skip
    return onnx.load_from_string(content.getvalue())


def _name(graph: onnx.GraphProto) -> None:
    """Give each node its layer and operator as a unique name, and what it makes a short one."""
    uses: Counter[str] = Counter()
    tensors: dict[str, str] = {}
    for node in graph.node:
        # "/features/features.0/features.0.1/Conv": what is in a list repeats the list's name.
        scopes = node.name.strip("/").split("/")[:-1]
        layer = ".".join(
            scope
            for scope, inner in zip_longest(scopes, scopes[1:], fillvalue="")
            if not inner.startswith(f"{scope}.")
        )
        name = f"{layer}/{node.op_type}"
        uses[name] += 1
        node.name = name if uses[name] == 1 else f"{name}_{uses[name]}"
        for place, made in enumerate(node.output):
            if made not in ("", OUTPUT):
                node.output[place] = tensors[made] = f"{node.op_type.lower()}_{len(tensors)}"
        node.input[:] = [tensors.get(given, given) for given in node.input]


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

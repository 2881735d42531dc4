"""Every system of the table, and where its files are from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.systems.backbones import backbone_of
from benchmarks.systems.candidate import Candidate, LackingError, engines_of, exported
from benchmarks.systems.face_api import face_api
from benchmarks.systems.sdm import WEIGHTS, Cascade
from facekp_export.inference.layers import read_layers, total_macs
from facekp_train.metadata import FiveOffset

ROOT = Path(__file__).parents[2]
MODELS, OWN_WEIGHTS = ROOT / "models", ROOT / "benchmarks" / "weights"
PFLD = ("pfld-0.25x", "pfld-1x", "pfld-0.25x-b", "pfld-1x-b")
READINGS = {name: "b" if name.endswith("-b") else "c" for name in PFLD}
"""Which of the ways to read PFLD's own table a system is."""


@dataclass(frozen=True)
class Given:
    """What a user has beside the project; None where it is not there.

    dlib: shape_predictor_68_face_landmarks.dat. mesh: a .tflite of MediaPipe's face mesh. face_api: the
    unpacked npm package. converts: whether nets with random weights that the cache lacks are made.
    """

    dlib: Path | None = None
    mesh: Path | None = None
    face_api: Path | None = None
    converts: bool = True


Source = Callable[[Given, Sequence[str]], list[Candidate]]


def candidates(system: str, given: Given, precisions: Sequence[str]) -> list[Candidate]:
    """The files of a system of these precisions. Raises LackingError where it cannot be measured."""
    found = _SOURCES[system](given, precisions)
    if not found:
        raise LackingError(f"it has no file of {' or '.join(precisions)} that an installed runtime runs")
    return found


def _shipped(name: str, _: Given, precisions: Sequence[str]) -> list[Candidate]:
    return exported(MODELS / name, precisions)


def _backbone(name: str, given: Given, precisions: Sequence[str]) -> list[Candidate]:
    return backbone_of(OWN_WEIGHTS / name, name, precisions, given.converts)


def _sdm(_: Given, precisions: Sequence[str]) -> list[Candidate]:
    if not WEIGHTS.is_file():
        raise LackingError("benchmarks/weights/sdm.npz is not there; benchmarks/systems/sdm.py trains it")
    numbers = Cascade.load().steps.size
    # Kept in float16, computed in float32. Descriptors are no multiplications of weights.
    return _single(WEIGHTS, precisions, parameters=numbers, macs=numbers)


def _layers(name: str, _: Given, precisions: Sequence[str]) -> list[Candidate]:
    """Layers with random weights, in float32."""
    source = Path(__file__).with_name(f"{name}.py")
    if "float32" not in precisions or not engines_of(source):
        return []
    parameters, macs = _counted(name)
    size = 4 * parameters
    (engine,) = engines_of(source)
    return [Candidate("float32", source, engine, parameters, macs, size, trained=False, few=True)]


def _counted(name: str) -> tuple[int, int]:
    """Parameters and multiply-accumulates of layers, of which none are computed."""
    from importlib import import_module

    import torch
    from torch.utils.flop_counter import FlopCounterMode

    module = import_module(f"benchmarks.systems.{name}")
    with torch.device("meta"):
        net = module.NET().eval()
        with FlopCounterMode(display=False) as counter:
            net(torch.empty(1, 3, module.SIDE, module.SIDE))
    return sum(weights.numel() for weights in net.parameters()), counter.get_total_flops() // 2


def _dlib(given: Given, precisions: Sequence[str]) -> list[Candidate]:
    if given.dlib is None:
        raise LackingError(
            "no predictor of dlib was named; give shape_predictor_68_face_landmarks.dat by --dlib"
        )
    if not given.dlib.is_file():
        raise LackingError(f"{given.dlib.name} is not there")
    if not engines_of(given.dlib):
        raise LackingError("dlib is not installed; pip install 'facekp[labels]' brings it")
    return _single(given.dlib, precisions)


def _mesh(given: Given, precisions: Sequence[str]) -> list[Candidate]:
    if given.mesh is None:
        raise LackingError("no file of MediaPipe's face mesh was given; name its .tflite with --mesh")
    if not given.mesh.is_file():
        raise LackingError(f"{given.mesh.name} is not there")
    try:
        found = read_layers(given.mesh)
    except ValueError as error:
        raise LackingError(f"the file of the mesh cannot be read: {error}") from None
    weights = sum(layer.weight_bytes for layer in found if layer.macs)
    return _single(given.mesh, precisions, parameters=weights // 4, macs=total_macs(found))


def _single(
    path: Path, precisions: Sequence[str], parameters: int | None = None, macs: int | None = None
) -> list[Candidate]:
    """One file that computes in float32."""
    if "float32" not in precisions:
        return []
    return [Candidate("float32", path, engine, parameters, macs) for engine in engines_of(path)]


def _face_api(name: str, given: Given, precisions: Sequence[str]) -> list[Candidate]:
    return face_api(given.face_api, name, precisions, mark_up_offset())


def mark_up_offset() -> FiveOffset | None:
    """From the five that points of the 300W mark-up imply to hand-placed ones, as SDM's training found it."""
    return Cascade.load().offset if WEIGHTS.is_file() else None


_SOURCES: dict[str, Source] = {
    "sdm": _sdm,
    "san": partial(_layers, "san"),
    "lab": partial(_layers, "lab"),
    **{name: partial(_backbone, name) for name in PFLD},
    "mdp-fast": partial(_shipped, "mdp-fast"),
    "mdp-0.25x": partial(_shipped, "mdp-0.25x"),
    "mdp-1x": partial(_shipped, "mdp-1x"),
    "resnet-50": partial(_backbone, "resnet-50"),
    "dlib-68": _dlib,
    "mediapipe-mesh": _mesh,
    "face-api-68": partial(_face_api, "face-api-68"),
    "face-api-68-tiny": partial(_face_api, "face-api-68-tiny"),
}
SYSTEMS = tuple(_SOURCES)
"""In the table's order."""

"""A training run's folder: what the run is known by, so that no other is mixed into it, and its state.

`recipe.yaml` holds the settings, `made-from.json` what the files and lists that they name held: so a
folder may be moved, or named in another way, and still be gone on with. `state.safetensors` holds what
a run must remember to go on exactly where it was: weights, averages, optimizer, epoch.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from facekp_train.common.console import UserError
from facekp_train.common.files import parse_json, sha256_of, write_json, write_text
from facekp_train.common.run_files import MADE_FROM_FILE, RECIPE_FILE, STATE_FILE, WEIGHT_FILES, check_begun
from facekp_train.networks.checkpoint import read_tensors, save_tensors
from facekp_train.training.optimizer import AveragedWeights
from facekp_train.training.provenance import faces_fingerprint, read_stored
from facekp_train.training.recipe import Recipe, make_recipe


def beside(checkpoint: Path) -> Path:
    """Where lies what a training that goes on from a checkpoint is to have beside it, if there is any."""
    return checkpoint.with_suffix(".carried.safetensors")


def save_beside(checkpoint: Path, tensors: dict[str, Tensor]) -> None:
    """Write what `read_beside` gives."""
    if tensors:
        ready = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
        save_tensors(beside(checkpoint), ready, "{}")


def read_beside(checkpoint: Path | str | None) -> dict[str, Tensor]:
    """What was put beside the checkpoint that a run starts from; empty without one."""
    if checkpoint is None or not beside(Path(checkpoint)).is_file():
        return {}
    return read_tensors(beside(Path(checkpoint)))[0]


def copy_beside(checkpoint: Path, other: Path) -> None:
    """What lies beside a checkpoint belongs to another one, too."""
    save_beside(other, read_beside(checkpoint))


def check_folder(out: Path, recipe: Recipe, resume: bool) -> None:
    """Raise UserError where `out` holds another run, or with `resume` none; nothing is written."""
    check_begun(out, resume, begun=RECIPE_FILE, precious=WEIGHT_FILES)
    stored = out / RECIPE_FILE
    # Files by name: what is in them, `made-from.json` tells.
    if resume and make_recipe(str(stored), {}, []).shareable() != recipe.shareable():
        raise UserError(f"{out} was trained by another recipe ({stored}); resume with the same options")


def claim_folder(out: Path, recipe: Recipe, resume: bool, faces_known: bool) -> None:
    """Refuse to mix two runs in one folder; write down what this one is.

    faces_known: the caller answers for the faces being those that the run began with.
    """
    import yaml

    check_folder(out, recipe, resume)
    noted = out / MADE_FROM_FILE
    now = _made_from(recipe, faces_known)
    before = read_stored(noted, f"delete {out} and train again") if resume else {}
    changed = [role for role, content in now.items() if before.get(role, content) != content]
    if changed:
        raise UserError(
            f"{out} was trained from other {' and '.join(_CALLED[role] for role in changed)}; resume with "
            "the same options, or give another --out"
        )
    write_json(noted, before | now)
    write_text(out / RECIPE_FILE, yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False))


_CALLED = {"init": "weights (init)", "teacher": "weights of its teacher", "faces": "faces"}


def _made_from(recipe: Recipe, faces_known: bool) -> dict[str, str]:
    files = {"init": recipe.init, "teacher": recipe.teacher}
    contents = {role: sha256_of(Path(file)) for role, file in files.items() if file and Path(file).is_file()}
    return contents if faces_known else {**contents, "faces": faces_fingerprint(recipe)}


def save_state(
    path: Path,
    net: nn.Module,
    ema: AveragedWeights,
    optimizer: torch.optim.Optimizer,
    progress: dict[str, Any],
) -> None:
    """Write the whole state of a run, whole or not at all. `progress` is plain data."""
    tensors = {f"net.{name}": t for name, t in net.state_dict().items()}
    tensors |= {f"ema.{name}": t for name, t in ema.state.items()}
    for index, slots in optimizer.state_dict()["state"].items():
        tensors |= {f"opt.{index}.{name}": torch.as_tensor(t) for name, t in slots.items() if t is not None}
    # Cloned, since safetensors refuses tensors that share memory.
    ready = {name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()}
    save_tensors(path, ready, json.dumps({**progress, "ema_updates": ema.updates}))


def finished_epochs(out: Path) -> int:
    """How many epochs a resumed run would not train again; 0 where there is nothing to resume."""
    try:
        return int(parse_json(read_tensors(out / STATE_FILE)[1])["epoch"])
    except (OSError, ValueError, LookupError, TypeError):
        return 0


def load_state(
    path: Path, net: nn.Module, ema: AveragedWeights, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """Put a saved state back and return its progress. Raises ValueError where it does not fit."""
    tensors, header = read_tensors(path)
    parts: dict[str, dict[str, Tensor]] = {"net": {}, "ema": {}, "opt": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        parts.setdefault(part, {})[rest] = tensor
    try:
        if foreign := parts.keys() - {"net", "ema", "opt"}:
            raise ValueError(f"it holds '{min(foreign)}'")
        progress = parse_json(header)
        ema.updates = int(progress.pop("ema_updates"))
        net.load_state_dict(parts["net"])
        for name, average in ema.state.items():
            average.copy_(parts["ema"][name])
        stored = optimizer.state_dict()
        slots: dict[int, dict[str, Tensor]] = {}
        for name, tensor in parts["opt"].items():
            index, _, slot = name.partition(".")
            slots.setdefault(int(index), {})[slot] = tensor
        stored["state"] = slots
        optimizer.load_state_dict(stored)
    except (RuntimeError, LookupError, ValueError, TypeError, AttributeError) as error:
        first = str(error).splitlines()[0]
        raise ValueError(
            f"{path} belongs to another recipe ({first}); give another --out, or the same recipe"
        ) from None
    return progress

"""A training run's folder: what the run is known by, so that no other is mixed into it.

`recipe.yaml` holds the settings, `made-from.json` what the files and lists that they name held: so a
folder may be moved, or named in another way, and still be gone on with.
"""

from __future__ import annotations

import json
from pathlib import Path

from facekp_train.common.console import UserError
from facekp_train.common.files import sha256_of, write_text
from facekp_train.training.provenance import faces_fingerprint, read_stored
from facekp_train.training.recipe import Recipe, make_recipe
from facekp_train.training.state import STATE_FILE

BEST_FILE, LAST_FILE, RECIPE_FILE = "best.safetensors", "last.safetensors", "recipe.yaml"
MADE_FROM_FILE = "made-from.json"


def check_folder(out: Path, recipe: Recipe, resume: bool) -> None:
    """Raise UserError where `out` holds another run, or with `resume` none; nothing is written."""
    if not resume and any((out / name).exists() for name in (STATE_FILE, BEST_FILE, LAST_FILE)):
        raise UserError(f"{out} holds a run already; go on with --resume, or give another --out")
    stored = out / RECIPE_FILE
    if resume and not stored.is_file():
        raise UserError(f"{out} holds no run to go on with; leave --resume out, or name its folder by --out")
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
    before = read_stored(noted, f"delete {out} and train anew") if resume else {}
    changed = [role for role, content in now.items() if before.get(role, content) != content]
    if changed:
        raise UserError(
            f"{out} was trained from other {' and '.join(_CALLED[role] for role in changed)}; resume with "
            "the same options, or give another --out"
        )
    write_text(noted, json.dumps(before | now, indent=2))
    write_text(out / RECIPE_FILE, yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False))


_CALLED = {"init": "weights (init)", "teacher": "weights of its teacher", "faces": "faces"}


def _made_from(recipe: Recipe, faces_known: bool) -> dict[str, str]:
    files = {"init": recipe.init, "teacher": recipe.teacher}
    contents = {role: sha256_of(Path(file)) for role, file in files.items() if file and Path(file).is_file()}
    return contents if faces_known else {**contents, "faces": faces_fingerprint(recipe)}

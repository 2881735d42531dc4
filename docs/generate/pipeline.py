"""docs/reference/pipeline.md: the keys of YAML files, and what the named recipes say."""

from __future__ import annotations

from typing import Any

from docs.generate.json_types import fields
from docs.generate.markdown import code, table, value

_ABOUT = {
    "Recipe": "One training: what `--set KEY=VALUE` changes, what `--recipe FILE.yaml` holds, what `set` and "
    "`shared` of a pipeline hold. Which keys a section takes, its errors say.",
    "Augmentation": "The key `augmentation` of a recipe; on the command line "
    "`--set augmentation.rotation=30`.",
}


def pipeline_page() -> str:
    """The page."""
    from facekp_train.pipeline.settings import Pipeline
    from facekp_train.training.recipe import Recipe

    parts = [
        "# Pipeline and recipe keys\n",
        "A *pipeline* is the YAML file of `facekp-train run`, a *recipe* the settings of one training.\n",
        "## Pipeline\n",
    ]
    schema = Pipeline.model_json_schema()
    parts.append(fields(schema))
    for title, part in schema["$defs"].items():
        name = title.strip("_")
        parts.append(f"### {name}\n")
        parts.append(" ".join(part.get("description", "").split()) + "\n")
        parts.append(fields(part))
    recipe = Recipe.model_json_schema()
    for title, part in {"Recipe": recipe, **recipe["$defs"]}.items():
        parts.append(f"## {title}\n")
        parts.append(_ABOUT.get(title, "") + "\n")
        parts.append(fields(part))
    parts.append("## Named recipes\n")
    parts.append("What `--recipe NAME` says otherwise than the defaults above:\n")
    parts.append(_named())
    return "\n".join(parts)


def _named() -> str:
    from facekp_train.common.recipes import PRESETS
    from facekp_train.training.recipe import Recipe, make_recipe

    default = _flat(Recipe(data=["pts:PATH"]).model_dump())
    named = {name: _flat(make_recipe(name, {"data": ["pts:PATH"]}, []).model_dump()) for name in PRESETS}
    changed = [
        key for key in default
        if key != "name" and any(one[key] != default[key] for one in named.values())
    ]  # fmt: skip
    rows = [[code(key), *(value(one[key]) for one in named.values())] for key in changed]
    return table(["key", *(code(name) for name in named)], rows)


def _flat(settings: dict[str, Any], under: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, one in settings.items():
        flat |= _flat(one, f"{under}{key}.") if isinstance(one, dict) else {f"{under}{key}": one}
    return flat

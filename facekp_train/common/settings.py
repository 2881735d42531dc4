"""What settings have in common: no key that is not known, no change once they are read."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from facekp_train.common.shipped import CHECKPOINT, shipped_file

GONE = {
    "fit_offset": "labels stay in their own mark-up, and what parts them from hand-placed five is fitted for "
    "the five that they imply, as five_offset in the checkpoint",
    "step_epochs": "each rate of schedule 'step' lasts a third of the epochs",
}
"""Keys that there are no longer, and what happens in their place."""


def first_fault(error: ValidationError) -> str:
    """What is wrong first: its key, by dots where it is nested, and the reason without pydantic's prefix."""
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: " * bool(where) + first["msg"].removeprefix("Value error, ")


class KnownKeys(BaseModel):
    """Unknown keys are refused, with the nearest that there is; one that is gone with the reason."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, data: Any) -> Any:
        for key in data if isinstance(data, dict) else ():
            if key in GONE:
                raise ValueError(f"there is no '{key}' any more: {GONE[key]}; remove the key")
            if key not in cls.model_fields:
                near = get_close_matches(str(key), cls.model_fields, 1)
                meant = f"; '{near[0]}' may be meant" if near else ""
                raise ValueError(f"there is no '{key}'{meant}; there are {', '.join(cls.model_fields)}")
        return data


class Settings(KnownKeys):
    """Frozen values; unknown keys, infinities and NaN are refused."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


def _named_checkpoint(given: str) -> str:
    return str(shipped_file(Path(given), CHECKPOINT))


CheckpointFile = Annotated[str, AfterValidator(_named_checkpoint)]
"""A checkpoint in a recipe or a pipeline: a path, or the name of a shipped model."""

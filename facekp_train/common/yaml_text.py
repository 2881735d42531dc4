"""YAML that a user wrote, or a stranger."""

from __future__ import annotations

from typing import Any

from facekp_train.common.console import require


def parse_yaml(text: str) -> Any:
    """The document in a text; names of Python objects in it are refused.

    Raises:
        ValueError: in one sentence, for what is no YAML.
        UserError: where PyYAML, of the extra `train`, is not installed.
    """
    require("train", "yaml")
    import yaml

    try:
        return yaml.safe_load(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    # Its constructors meet odd values with whatever they stumble over: `!!bool abc`, a 13th month.
    except Exception as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        reason = getattr(error, "problem", None) or f"{type(error).__name__}: {error}"
        raise ValueError(f"{' '.join(str(reason).split())}{where}") from None

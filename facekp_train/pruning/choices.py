"""What pruning is told in one word each; nothing is loaded to know them."""

from __future__ import annotations

from typing import Literal

Scope = Literal["inner", "all"]
Score = Literal["paper", "centred", "greedy"]
Repair = Literal["none", "mean", "lstsq"]

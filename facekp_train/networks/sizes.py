"""What all backbones check about the sizes that they are given."""

from __future__ import annotations

from collections.abc import Sequence


def check_sizes(backbone: str, what: str, sizes: Sequence[int], count: int) -> None:
    """Raise ValueError unless there are `count` sizes, all positive."""
    if len(sizes) != count or min(sizes) < 1:
        raise ValueError(f"{backbone} has {count} {what}, all positive, not {list(sizes)}")

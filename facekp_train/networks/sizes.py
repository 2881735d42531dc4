"""What all backbones check and round about their sizes."""

from __future__ import annotations

from collections.abc import Sequence


def check_sizes(backbone: str, what: str, sizes: Sequence[int], count: int) -> None:
    """Raise ValueError unless there are `count` sizes, all positive."""
    if len(sizes) != count or min(sizes) < 1:
        raise ValueError(f"{backbone} has {count} {what}, all positive, not {list(sizes)}")


def share_of_width(width: int, share: float) -> int:
    """A share of `width` channels as a multiple of 8, at least 8, but never more than `width`.

    Odd widths have made narrowed MobileNets slower than the full one (VainF/Torch-Pruning#38).
    """
    return width if share >= 1 else min(width, max(8, round(width * share / 8) * 8))

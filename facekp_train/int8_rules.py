"""What the int8 files and their simulation in training must agree on. Imports no torch."""

from __future__ import annotations

EVENING_STRENGTH = 0.8
"""How far the channels of a tensor are evened out: 0 not at all, 1 to equal ranges, which would cost
the readers' weights too much."""

NARROWEST_CHANNEL = 1e-3
"""A channel narrower than this share of the widest is as good as unused."""

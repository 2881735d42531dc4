"""What the rig raises."""

from __future__ import annotations


class RigError(Exception):
    """Why there is no rig here, or what it refused, in one sentence."""


class NoRigHereError(RigError):
    """What this machine or its network lacks for a rig; no fault of the rig."""

"""facekp-bench: how fast and how large a model is, measured so that one can believe it."""

from facekp_train import __version__

__all__ = ["__version__"]

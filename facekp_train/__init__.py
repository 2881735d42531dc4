"""facekp-train: data sets, networks, joint training, evaluation."""

__version__ = "0.3.0"

"""facekp-export: a trained net as ONNX and TFLite files that are verified, and their run-time."""

from facekp_train import __version__

__all__ = ["__version__"]

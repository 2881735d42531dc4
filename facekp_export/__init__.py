"""facekp-export: a trained net as ONNX and TFLite files that are verified, and their run-time."""

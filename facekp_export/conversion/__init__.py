"""A checkpoint to ONNX, ONNX to TFLite."""

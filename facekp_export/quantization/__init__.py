"""Eight-bit files: calibration crops, ranges, equalized weights, layers' errors."""

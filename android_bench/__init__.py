"""facekp-bench: how fast and how large a model is, measured so that one can believe it."""

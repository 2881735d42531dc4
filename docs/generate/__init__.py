"""Writes docs/reference/ from the code, so that it cannot go stale: `python -m docs.generate`."""

"""What a measurement does unless told otherwise. Apart, so that `--help` need not import the rest."""

MIN_RUNS = 50
MIN_SECONDS = 1.0
"""Seconds inside timed runs."""
WARMUP_RUNS = 20
MOST_RUNS, MOST_SECONDS = 10_000_000, 1e6
"""More samples fit in no document (`records.documents.LARGEST_BYTES`); eleven days."""
TIMEOUT_SECONDS = 120.0
"""Seconds that a measuring process may take for one answer, the loading of its model above all."""
REPEATS = 5
"""Times that a phone is measured anew, each in a process of its own."""
MAX_TEMPERATURE = 37.0
"""Degrees C, of a phone's skin where it tells it, above which it is waited."""

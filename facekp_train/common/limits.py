"""What no command asks of a machine."""

MOST_THREADS = 1024
"""Threads of a model: more take the numbers of processes that other programs need."""

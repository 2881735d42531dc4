"""The systems of the paper's table 5 that are not ours, and what a user would pick today."""

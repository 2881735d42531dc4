"""Documents as tables, pictures and comparisons."""

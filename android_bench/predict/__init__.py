"""Times of phones that nobody measured, predicted from public specifications and the paper's table 6."""

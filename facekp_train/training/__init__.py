"""One training: recipe, data, losses, optimizer, loop, run folder."""

"""What every reader uses: notes of what was left out, rows of lists."""

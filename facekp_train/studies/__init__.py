"""The paper's tables 3 and 4 and figures 4 to 6 on one's own data, cell by cell."""

"""Labels that nets give: averaged views, relabeling, the file they stand in."""

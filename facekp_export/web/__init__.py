"""The page that runs an export's files in a browser: plain modules, as they are served."""

FOLDER = "web"
"""Its name within an export."""

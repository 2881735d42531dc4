"""The folder of an export that runs in a browser: served here, and opened on a phone."""

"""Exported files against the checkpoint, and the manifest that says so."""

"""Annotations and data sets in true formats, faces and disks, made up."""

"""Photographs, videos and data sets in true formats, made up."""

"""Faces in videos: lost, crossing, in motion."""

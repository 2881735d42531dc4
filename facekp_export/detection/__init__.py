"""Faces of photographs and videos: found or followed, drawn, as JSON documents."""

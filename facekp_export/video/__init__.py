"""Videos and cameras: reading, writing, sound, smoothing."""

"""Faces as training batches: stored views, augmentation, loading."""

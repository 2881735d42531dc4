"""What one process holds for itself until it ends, however it ends: locks, and folders to write in."""

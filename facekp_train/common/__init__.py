"""What all three packages share: console, files, locks, memory, shipped models."""

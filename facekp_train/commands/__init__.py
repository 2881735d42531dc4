"""The commands of facekp-train: each parses, calls and prints."""

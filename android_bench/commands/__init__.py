"""The commands of facekp-bench: each parses, calls and prints."""

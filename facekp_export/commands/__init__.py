"""The commands of facekp-export and facekp-detect: each parses, calls and prints."""

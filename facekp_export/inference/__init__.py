"""Running an exported file: runtimes, sessions, and the metadata inside it."""

"""What a command tells while it runs: how far it is, which of its options change nothing."""

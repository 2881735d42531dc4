"""What runs a model on this computer: one engine a runtime, its inputs, its memory."""

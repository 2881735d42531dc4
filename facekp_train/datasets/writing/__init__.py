"""Faces written in the forms that annotation tools open, each as its reader in `tools` takes it back."""

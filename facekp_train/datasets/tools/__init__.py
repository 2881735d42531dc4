"""Readers of formats that annotation tools write."""

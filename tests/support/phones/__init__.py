"""Phones that are scripted, bundles in miniature, records."""

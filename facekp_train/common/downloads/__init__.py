"""Fetching a file once, checked by hash: registries, archives, mirrors."""

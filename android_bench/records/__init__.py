"""Measurements as documents: their schema, reading and writing."""

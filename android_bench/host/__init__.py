"""Measuring on this computer: models interleaved in processes of their own."""

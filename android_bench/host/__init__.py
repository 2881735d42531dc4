"""Measuring on this computer: jobs interleaved in processes of their own."""

"""The programs that measure on a phone: installed, run, their answers read."""

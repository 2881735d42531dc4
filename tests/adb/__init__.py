"""Tests that talk to a real adb daemon (see `tests/rig`); run them with `make test-adb`."""

"""Tests: a folder for each package of the code; support, rig and faults beside."""

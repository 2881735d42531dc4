"""What stands around the net: finding faces, reading and writing, measured."""

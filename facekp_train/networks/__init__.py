"""Backbones, heads, and the net that joins them. A new backbone: one file, one line in `keypoint_net`."""

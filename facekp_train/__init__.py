"""facekp-train: data sets, networks, joint training, evaluation."""

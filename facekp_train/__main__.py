"""`python -m facekp_train` is `facekp-train`."""

from facekp_train.cli import main

main()

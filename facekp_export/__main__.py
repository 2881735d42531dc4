"""`python -m facekp_export` is `facekp-export`."""

from facekp_export.cli import main

main()

"""`python -m clew.cli`: the same as `clew`."""

from clew.cli import main

main()

"""Run the command line: ``python -m flipcast``."""

from flipcast.cli import main

main()

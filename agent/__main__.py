"""`python -m agent` is `retest`."""

from agent.cli import main

main()

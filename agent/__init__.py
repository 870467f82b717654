"""The agent: the command line, the retest graph, judges, reports."""

__version__ = "0.1.0"

"""`retest ask` and `retest chat`."""

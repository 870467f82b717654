"""`retest line`."""

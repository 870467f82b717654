"""`retest claim`."""

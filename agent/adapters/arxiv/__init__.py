"""arXiv, live or as a snapshot."""

"""The vector index, and copies of its vectors for in-memory search."""

"""The vector index, and copies of its vectors to search in memory."""

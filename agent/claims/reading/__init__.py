"""Read the documents people have: what is a claim in them, and what is beside it."""

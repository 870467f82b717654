"""The weekly run: when it is due, and what starts it."""

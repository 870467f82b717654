"""Notify people of what changed, and nothing else."""

"""Tell people what changed, and nothing else."""

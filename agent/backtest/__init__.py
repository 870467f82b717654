"""Retest the claims as of one past day after another, and track how their verdicts change."""

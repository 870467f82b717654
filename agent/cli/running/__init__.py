"""Runs, their replays and measurements."""

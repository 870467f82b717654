"""Measurements anyone can rerun. Nothing here is imported by the product."""

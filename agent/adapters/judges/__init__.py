"""Judges: the stance network that ships, a cross-encoder, an LLM."""

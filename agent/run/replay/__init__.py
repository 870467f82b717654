"""Decide a finished run again from its journal, or put its papers to another judge. Nothing is written."""

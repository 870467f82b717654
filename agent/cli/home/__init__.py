"""Commands that create, check, back up and restore the home."""

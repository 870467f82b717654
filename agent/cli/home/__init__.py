"""The home: made, checked, backed up and restored."""

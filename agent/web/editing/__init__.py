"""Pages that change claims and lines by hand."""

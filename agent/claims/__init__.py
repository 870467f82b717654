"""Import, edit and export claims."""

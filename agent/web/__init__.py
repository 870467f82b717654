"""The pages, and the JSON API beside them: both show the same documents."""

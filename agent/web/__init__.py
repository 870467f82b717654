"""The web pages and the JSON API; both show the same documents."""

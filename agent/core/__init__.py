"""Decision logic: gates, quote matching, the verdict rule. Pure: it depends only on records."""

"""What decides: gates, quotes, the rule. Pure: it knows records, and nothing outside."""

"""What is shown of a claim, a line, a run or a change: one model for pages, reports, chat and the API."""

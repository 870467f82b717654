"""What is shown about a claim, line, run or change: one model for pages, reports, chat and the API."""

"""Answer questions from the ledger. Every sentence cites a verdict or quote; nothing is written to it."""

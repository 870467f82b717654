"""What Retest remembers: the ledger (SQLite, the truth), the index (Chroma, derived), files, locks."""

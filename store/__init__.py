"""Storage: the ledger (SQLite, the source of truth), the index (Chroma, derived), files and locks."""

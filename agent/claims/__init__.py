"""Claims in and out of the ledger."""

"""Questions about the ledger itself, answered exactly."""

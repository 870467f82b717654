"""Turn the ledger into readable reports: load, build the model, then render one file per format."""

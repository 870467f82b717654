"""Answer questions from the ledger: every sentence leads to a claim's verdict or to a quote. Writes none."""

"""From the ledger to something people read: load, model, then one file a form."""

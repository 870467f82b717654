"""The folder that holds all state: its files, locks and backups."""
